"""The ssh server of the tests leads to the engine, lets nobody else in, and ends."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.command import run
from lab.docker import docker
from lab.sshd import Sshd, descendants, sshd
from lab.wait import wait_until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sshd]:
    with sshd(tmp_path) as running:
        yield running


def ssh(server: Sshd, *command: str, check: bool = True) -> str:
    """Run a command on the server and return what it printed, errors included."""
    env = {**os.environ, **server.environment}
    done = run(
        ["ssh", "-p", str(server.port), f"{server.user}@{server.name}", *command], env=env, check=check
    )
    return done.stdout + done.stderr


@pytest.mark.engine
def test_leads_to_the_engine_of_this_machine(server: Sshd) -> None:
    env = {**os.environ, **server.environment, "DOCKER_HOST": server.docker_host}

    assert (
        run(["docker", "info", "--format={{.ID}}"], env=env).stdout
        == docker("info", "--format={{.ID}}").stdout
    )


def test_another_key_is_refused(server: Sshd) -> None:
    server.key.unlink()
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", server.key])

    assert "Permission denied (publickey)" in ssh(server, "true", check=False)


def test_another_server_is_not_trusted(server: Sshd) -> None:
    server.known_hosts.write_text("")

    assert "Host key verification failed" in ssh(server, "true", check=False)


def test_stopping_cuts_connections_and_leaves_no_process(server: Sshd) -> None:
    env = {**os.environ, **server.environment}
    command = ["ssh", "-p", str(server.port), f"{server.user}@{server.name}", "echo here; sleep 60"]
    client = subprocess.Popen(command, env=env, stdout=subprocess.PIPE)
    assert client.stdout is not None
    assert client.stdout.readline() == b"here\n"
    started = descendants(server.processes[0].pid)
    assert started

    server.stop()

    assert client.wait(10) == 255
    wait_until(lambda: not [pid for pid in started if Path(f"/proc/{pid}").exists()], 10, "the end of all")

    server.start()
    assert ssh(server, "echo", "again") == "again\n"
