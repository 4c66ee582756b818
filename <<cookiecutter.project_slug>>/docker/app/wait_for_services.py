"""Refuse to start with incomplete settings; wait until the database and the cache can be reached.

Only connections are tried here. Whether the password is right is what the health check asks.
WAIT_SECONDS (30) limits the wait; when it is over, the exit code is 1 and the orchestrator tries again.
"""

import os
import socket
import sys
import time
from importlib import import_module
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

PAUSE_SECONDS = 0.25
CONNECT_SECONDS = 2

Address = tuple[str, int]


def services() -> dict[str, Address]:
    """Return host and port of what the settings name. Raises ImproperlyConfigured when they do not load."""
    # The module alone, without starting Django: gunicorn does that once, a moment later.
    settings = import_module(os.environ["DJANGO_SETTINGS_MODULE"])
    database = settings.DATABASES["default"]
    cache = urlsplit(settings.CACHES["default"]["LOCATION"])
    return {
        "database": (database["HOST"], int(database["PORT"] or 5432)),
        "cache": (cache.hostname or "", cache.port or 6379),
    }


def problem(address: Address) -> str:
    """Try one connection; return why it failed, or nothing."""
    try:
        socket.create_connection(address, timeout=CONNECT_SECONDS).close()
    except OSError as error:
        return str(error)
    return ""


def wait_for(name: str, address: Address, start: float, seconds: float) -> None:
    """Return when `address` accepts a connection; exit when `seconds` have passed since `start`."""
    while reason := problem(address):
        waited = time.monotonic() - start
        if waited >= seconds:
            sys.exit(
                f"{name}: could not reach {address[0]}:{address[1]} for {waited:.0f} s ({reason})"
            )
        time.sleep(PAUSE_SECONDS)


def main() -> None:
    """Check the settings, then wait for one service after the other."""
    text = os.environ.get("WAIT_SECONDS", "30")
    if not text.isdecimal():
        sys.exit(f"WAIT_SECONDS={text}: give whole seconds")
    try:
        addresses = services()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    start = time.monotonic()
    for name, address in addresses.items():
        wait_for(name, address, start, int(text))


main()
