"""Let several test runs in one clone do a thing one after the other."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from tests.harness.bake import TEMPLATE

CACHE = TEMPLATE / ".cache"


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Wait for those who do the thing called `name`, and keep others waiting while the block runs."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield
