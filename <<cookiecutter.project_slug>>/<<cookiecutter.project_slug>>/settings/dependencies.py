"""How the containers reach their database and their cache."""

from typing import Any

from .environment import env


def database(uri: str) -> dict[str, Any]:
    """Return Django's settings for the database at `uri` (postgres://user:password@host/name).

    Connections are kept between requests and checked before they are used again.
    """
    settings: dict[str, Any] = env.db_url_config(uri)
    settings["CONN_MAX_AGE"] = 600  # seconds
    settings["CONN_HEALTH_CHECKS"] = True
    if settings["ENGINE"] == "django.db.backends.postgresql":
        # A host that is gone never answers: give up on it instead of holding the request.
        settings["OPTIONS"] = {"connect_timeout": 3, "tcp_user_timeout": 10_000}  # s, ms
    return settings


def redis_cache(uri: str) -> dict[str, Any]:
    """Return Django's settings for the Redis at `uri` (redis://:password@host:6379/0)."""
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": uri,
        # A cache that is slower than this is of no use (seconds).
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
