"""Staging and production: everything that differs between the two is in the environment."""

from ..logs import logging_config
from .common import *
from .env import database, env, redis_cache, require

require("SECRET_KEY", "DATABASE_URI", "REDIS_URI", "CRON_API_KEY", "DOMAIN")

DEBUG = False
SECRET_KEY = env("SECRET_KEY")
# While the key is replaced, what the one before has signed is still good: nobody is signed out.
SECRET_KEY_FALLBACKS = list(filter(None, [env("SECRET_KEY_PREVIOUS", default="")]))
DOMAIN = env("DOMAIN")
ALLOWED_HOSTS = [DOMAIN]

DATABASES = {"default": database(env("DATABASE_URI"))}
CACHES = {"default": redis_cache(env("REDIS_URI"))}

# The proxy ends TLS and says so in this header; it overwrites whatever a client sends.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
CSRF_TRUSTED_ORIGINS = [f"https://{DOMAIN}"]

# Browsers refuse plain http for an hour (seconds), and a mistake is over as soon. docs/operations.md says how to
# raise this: a year, all subdomains, and the list that browsers come with cannot be taken back.
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
# Django's check asks for both from the first day on.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# `__Host-`: browsers accept such a cookie only over https, from this very host, for all paths.
SESSION_COOKIE_NAME = "__Host-sessionid"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
CSRF_COOKIE_SECURE = True
KNOWN_BROWSER_COOKIE_NAME = "__Host-known-browser"

# Staff set up their second factor at their first login.
SECOND_FACTOR_REQUIRED = env.bool("SECOND_FACTOR_REQUIRED", default=True)

# Hashed and compressed when the image is built; served by the app, cached by the proxy.
# Right behind the security headers, so that a file never waits for a session.
MIDDLEWARE.insert(
    MIDDLEWARE.index("django.middleware.security.SecurityMiddleware") + 1,
    "whitenoise.middleware.WhiteNoiseMiddleware",
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Pages link to the hashed names alone: copies under the plain names would only fill the image.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# Without a mail server, e-mails are printed among the logs.
EMAIL = env.email_url("EMAIL_URI", default="consolemail://")
EMAIL_BACKEND = EMAIL["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL["EMAIL_HOST"]
EMAIL_PORT = EMAIL["EMAIL_PORT"]
EMAIL_HOST_USER = EMAIL["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = EMAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = SERVER_EMAIL = f"noreply@{DOMAIN}"

# Scheduled jobs: the app's service in the swarm, and the proxy's certificate, asked where it is in the swarm.
CRON_URL = env("CRON_URL", default="http://app:8000")
CERTIFICATES = env.list("CERTIFICATES", default=[f"{DOMAIN}=proxy:8443"])

LOGGING = logging_config(
    formatter="json",
    level=env("LOG_LEVEL", default="INFO"),
    # Without a mail server the log says it already.
    mail=not EMAIL_BACKEND.endswith(".console.EmailBackend"),
)
