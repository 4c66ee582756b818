"""What a service may use up: filled to the brim it goes on, and the node does too."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.harness.running import inspect
from tests.harness.stack import Stack

pytestmark = pytest.mark.swarm

# Forks until the kernel refuses, keeps what it has for a moment, and ends it.
FORK_BOMB = """
import os, signal, time
children = []
try:
    while len(children) < 2000:
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError as error:
    print(len(children), error.strerror)
time.sleep(3)
for child in children:
    os.kill(child, signal.SIGKILL)
"""


def test_a_fork_bomb_stays_in_its_container(stack: Stack) -> None:
    cron = stack.container("cron")
    (limit,) = (one["HostConfig"]["PidsLimit"] for one in inspect("container", cron))
    with ThreadPoolExecutor() as pool:
        bomb = pool.submit(docker, "exec", cron, "python", "-c", FORK_BOMB)
        wait_until(lambda: len(stack.processes("cron")) > limit - 10, 20, "the bomb")
        answer = stack.site.get("/admin/login/")
        children, _, reason = bomb.result().stdout.strip().partition(" ")

    assert answer.status == 200
    assert int(children) < limit
    assert reason == "Resource temporarily unavailable"
    assert stack.container("cron") == cron
