"""Counts the failed calls of an address, so that wrong keys fill no log."""

import logging
from hashlib import sha256

from django.core.cache import cache

logger = logging.getLogger(__name__)

# So many failed calls in so many seconds, and an address has to wait.
FAILURES = 10
SECONDS = 60


def exceeded(address: str) -> bool:
    """Tell whether an address has to wait."""
    try:
        return int(cache.get(_key(address), 0)) >= FAILURES
    # Whatever the cache's client raises. The key is long: calls go on without the cache.
    except Exception as error:
        logger.warning("failed calls are not limited: %s", error)
        return False


def count(address: str) -> None:
    """Count a failed call."""
    try:
        cache.add(_key(address), 0, timeout=SECONDS)
        cache.incr(_key(address))
    except Exception as error:
        logger.warning("a failed call is not counted: %s", error)


def _key(address: str) -> str:
    # Not every cache takes what an address may consist of.
    return f"cron-failures-{sha256(address.encode()).hexdigest()}"
