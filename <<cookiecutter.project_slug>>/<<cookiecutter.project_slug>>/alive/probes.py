"""What the app cannot do without, each with the smallest question that proves that it works."""

from django.core.cache import cache
from django.db import connection


def database() -> None:
    """Open a connection and run the smallest query; raises when either fails.

    The connection is new each time: one that was kept says nothing about a changed password.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def cache_backend() -> None:
    """Write a value and read it back.

    Raises:
        RuntimeError: the value did not come back.
        Exception: what the cache's client raises when there is no answer.
    """
    try:
        cache.set("alive", "yes", timeout=10)
        if cache.get("alive") != "yes":
            raise RuntimeError("a value that was written did not come back")
    finally:
        cache.close()
