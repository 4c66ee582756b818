"""Decide what happens when this machine lacks something a test needs."""

import os
from typing import NoReturn

import pytest


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the running test with `reason`; fail it instead where everything has to run (REQUIRE_SWARM=1)."""
    if os.environ.get("REQUIRE_SWARM") == "1":
        pytest.fail(f"REQUIRE_SWARM=1, but {reason}", pytrace=False)
    pytest.skip(reason)
