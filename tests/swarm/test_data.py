"""What is left when a stack is taken down and deployed again."""

import os
import signal
import time

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.harness.running import this_node
from tests.harness.stack import Stack

pytestmark = pytest.mark.swarm


def test_two_databases_never_open_the_same_files(stack: Stack) -> None:
    """Without its label a node gives the database up; with it again a new one comes, and does not wait."""
    old = stack.container("db")
    # So that it still runs when the new one starts.
    processes = [int(process.name) for process in stack.processes("db")]
    signal_all(processes, signal.SIGSTOP)
    try:
        name = f"{stack.name}.database"
        docker("node", "update", f"--label-rm={name}", this_node())
        docker("node", "update", f"--label-add={name}=true", this_node())
        wait_until(lambda: len(stack.containers("db")) == 2, 30, "a second container")
        (new,) = set(stack.containers("db")) - {old}
        time.sleep(3)
        early = docker("logs", new).stderr
    finally:
        signal_all(processes, signal.SIGCONT)
    stack.wait_until_healthy()

    assert "ready to accept connections" not in early
    assert "was not properly shut down" not in docker("logs", new).stderr


def signal_all(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        os.kill(process, number)


def test_all_data_is_there_after_stack_rm_and_a_new_deploy(stack: Stack) -> None:
    stack.sql("CREATE TABLE survivors (name text); INSERT INTO survivors VALUES ('Noah')")

    stack.take_down()
    stack.deploy()
    stack.wait_until_healthy()

    assert stack.sql("SELECT name FROM survivors") == "Noah"
    stack.sql("DROP TABLE survivors")
    assert stack.site.get("/admin/login/").status == 200
