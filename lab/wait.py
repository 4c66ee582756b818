"""Wait for something to become true, and never for ever."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.1


def wait_until(predicate: Callable[[], T], seconds: float, what: str) -> T:
    """Call `predicate` until it returns something true, and return that.

    `seconds` is the deadline, `what` names the thing waited for. Raises AssertionError when the
    deadline passes. An exception of the predicate is not caught: it is a failure, not a "not yet".
    """
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        time.sleep(POLL_SECONDS)
