"""Reads settings from environment variables, or from the files that they name; takes addresses apart."""

import os
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env
from environ.fileaware_mapping import FileAwareMapping


class SecretFiles(FileAwareMapping):  # type: ignore[misc]
    """Answers `NAME` from the variable `NAME`, or from the file that `NAME_FILE` names.

    Docker mounts a secret as a file, hence the second form. Two sources for one
    value would hide a mistake, so having both is an error.
    """

    def __getitem__(self, key: str) -> str:
        """Return the value of `key`, without the line end that editors add to files.

        Raises:
            KeyError: neither form is set.
            ImproperlyConfigured: both are set, or the file cannot be read.
        """
        file = f"{key}_FILE"
        if not self.env.get(file):
            return str(self.env[key])
        if self.env.get(key):
            raise ImproperlyConfigured(f"{key} and {file} are both set: keep one of them.")
        try:
            return str(super().__getitem__(key)).rstrip("\r\n")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ImproperlyConfigured(f"{file}={self.env[file]}: {reason}.") from error


class FileAwareEnv(Env):  # type: ignore[misc]
    """django-environ's reader on top of `SecretFiles`."""

    ENVIRON = SecretFiles(os.environ)


env = FileAwareEnv()


def require(*names: str) -> None:
    """Check that each variable has a value, so that one start shows every mistake.

    Args:
        names: the variables that the settings cannot do without.

    Raises:
        ImproperlyConfigured: names every variable that is missing, empty, doubled
            or whose file cannot be read.
    """
    problems = [problem for name in names if (problem := _problem(name))]
    if problems:
        raise ImproperlyConfigured(" ".join(problems))


def _problem(name: str) -> str:
    try:
        value = env.ENVIRON[name]
    except KeyError:
        value = ""
    except ImproperlyConfigured as error:
        return str(error)
    return "" if value else f"{name} is missing: set {name} or {name}_FILE."


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
