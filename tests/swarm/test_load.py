"""Replicas die under load, one after the other, and no visitor notices."""

from collections.abc import Callable

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.harness.load import load
from tests.harness.site import Site
from tests.harness.stack import Stack

pytestmark = pytest.mark.swarm

RATE = 200
SECONDS = 60


def test_each_replica_is_killed_under_load(stack: Stack, site: Site, figure: Callable[[str], None]) -> None:
    victims = stack.containers("app")
    with load(site, "/", RATE) as running:
        for victim in victims:
            docker("kill", "--signal=KILL", victim)
            wait_until(lambda: len(stack.containers("app")) < len(victims), 30, "the end of a replica")
            wait_until(lambda: len(stack.containers("app")) == len(victims), 60, "a new container")
            stack.wait_until_known()
        wait_until(lambda: running.seconds >= SECONDS, SECONDS, "a minute of load")

    figure(f"each replica killed under load: {running}")
    assert running.failures == []
    assert not set(victims) & set(stack.containers("app"))
