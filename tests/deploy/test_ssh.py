"""The engine is reached over ssh, as in production; the connection may be lost for a while."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.sshd import Sshd, sshd
from tests.harness.trial import Trial

pytestmark = pytest.mark.swarm

REFUSED = 3


@pytest.fixture
def server(trial: Trial, tmp_path: Path) -> Iterator[Sshd]:
    """An ssh server in front of the engine, which the environment names."""
    with sshd(tmp_path) as server:
        trial.variables = server.environment
        trial.configure(DOCKER_HOST=server.docker_host)
        yield server
    trial.variables = {}


@pytest.mark.usefixtures("server")
def test_all_of_it_over_ssh(trial: Trial) -> None:
    assert "found: node" in trial.swarm("init")
    trial.deploy("two")
    trial.whole("two")
    assert "3\n" in trial.swarm("run", "--", "python", "-c", "print(1 + 2)")
    trial.swarm("run", "--", "python", "manage.py", "exit", "3", code=3)
    trial.swarm("secret", "set", "secret_key", "--generate")
    trial.deploy("broken", "crashes", code=4)
    trial.whole("two")
    trial.swarm("rollback")
    trial.whole("one")
    assert "2/2" in trial.swarm("status")
    assert "release one listens" in trial.swarm("logs", "app", "--since=1h")


def test_lost_connection_that_comes_back(trial: Trial, server: Sshd) -> None:
    process = trial.start("deploy", f"--image={trial.release('two')}")
    printed = ""
    for line in process.stdout or ():
        printed += line
        if "== roll out" in line:
            server.stop()
            time.sleep(5)
            server.start()
    process.wait()

    assert process.returncode == 0, printed
    assert "connection lost" in printed
    trial.whole("two")


def test_connection_that_stays_away_while_nothing_has_begun(trial: Trial, server: Sshd) -> None:
    tag = trial.release("two")
    server.stop()

    printed = trial.swarm("deploy", f"--image={tag}", code=REFUSED)

    assert "error: the engine does not answer" in printed
    trial.whole("one")
