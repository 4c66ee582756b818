"""A developer's machine with Docker: the same, with PostgreSQL and Redis."""

from .env import database, env, redis_cache, require
from .local import *

require("DATABASE_URI", "REDIS_URI")

# Inside the network of the containers the app also answers to its service's name.
ALLOWED_HOSTS = [*ALLOWED_HOSTS, "app", env("DOMAIN", default="localhost")]

DATABASES = {"default": database(env("DATABASE_URI"))}
CACHES = {"default": redis_cache(env("REDIS_URI"))}

# The static service tells the page when a front-end file has changed.
LIVE_RELOAD_URL = env("LIVE_RELOAD_URL", default="")
if LIVE_RELOAD_URL:
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["connect-src"].append(LIVE_RELOAD_URL)
