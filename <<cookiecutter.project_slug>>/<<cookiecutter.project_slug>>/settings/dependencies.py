"""How the containers reach their database and their cache."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from .env import env


def database(uri: str) -> dict[str, Any]:
    """Return Django's settings for the database at `uri` (postgres://user:password@host/name).

    Connections are kept between requests and checked before they are used again. Options of the
    address, as in `?sslmode=verify-full`, are libpq's and win over ours.
    """
    # django-environ encodes this sign itself.
    _check_address("DATABASE_URI", uri.replace("#", "%23"))
    settings: dict[str, Any] = env.db_url_config(uri)
    settings["CONN_MAX_AGE"] = 600  # seconds
    settings["CONN_HEALTH_CHECKS"] = True
    if settings["ENGINE"] == "django.db.backends.postgresql":
        settings["OPTIONS"] = {
            # Seconds in which a new connection has to be made.
            "connect_timeout": 3,
            # Milliseconds after which a query that nobody has acknowledged is given up.
            "tcp_user_timeout": 10_000,
            # An answer that never comes, since the server's machine has vanished: after 5 s of silence
            # ask every 2 s, and after 3 questions without an answer give up, so 11 s in all. The
            # kernel's own 2 hours would cost a thread for each query that was on its way.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            **settings.get("OPTIONS", {}),
        }
    return settings


def redis_cache(uri: str) -> dict[str, Any]:
    """Return Django's settings for the Redis at `uri` (redis://:password@host:6379/0)."""
    _check_address("REDIS_URI", uri)
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": uri,
        # A cache that is slower than this is of no use (seconds).
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }


def _check_address(name: str, uri: str) -> None:
    """Refuse an address in which a sign of the password ends the host, and say no part of it.

    What is taken for host and port would else be part of the password, and stand in tracebacks and logs.
    """
    try:
        parts = urlsplit(uri)
        misread = "@" in parts.path + parts.query + parts.fragment or parts.port == 0
    except ValueError:
        misread = True
    if misread:
        raise ImproperlyConfigured(
            f"{name} is not understood: in a password write / ? # [ ] as %2F %3F %23 %5B %5D, "
            "and give the port as a number."
        )
