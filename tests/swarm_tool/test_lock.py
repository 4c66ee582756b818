import base64
import json
import os
import socket
import subprocess
import sys
from typing import Any

import pytest
from swarm_tool import lock
from swarm_tool.docker import DockerError
from swarm_tool.environment import Environment
from swarm_tool.lock import Holder
from swarm_tool.outcome import Problem

from .conftest import RecordedDocker

LATER, EARLIER = "2999-01-01T00:00:00+00:00", "2000-01-01T00:00:00+00:00"
TAKEN = DockerError(
    "docker config failed",
    "rpc error: code = AlreadyExists desc = config shop_lock already exists",
    "",
)


@pytest.fixture
def ended() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def held_by(docker: RecordedDocker, process: int, host: str = "", until: str = LATER) -> Holder:
    holder = Holder(
        "ann@laptop", EARLIER, "deploy app:1", host or socket.gethostname(), process, until, "token"
    )
    data = base64.b64encode(json.dumps(holder._asdict()).encode()).decode()
    docker.answers |= {"config create": TAKEN, "config inspect": [[{"Spec": {"Data": data}}]]}
    return holder


def test_lock_is_taken_and_given_back(docker: RecordedDocker, environment: Environment) -> None:
    with lock.held(environment, "deploy", 60, 0):
        mine: dict[str, Any] = json.loads(docker.values[0])
        assert mine["process"] == os.getpid()
        data = base64.b64encode(docker.values[0].encode()).decode()
        docker.answers |= {"config inspect": [[{"Spec": {"Data": data}}]]}

    assert docker.called("config rm") == ["config rm shop_lock"]


def test_lock_that_somebody_took_since_is_left(docker: RecordedDocker, environment: Environment) -> None:
    with lock.held(environment, "deploy", 60, 0):
        held_by(docker, os.getpid())

    assert docker.called("config rm") == []


def test_held_lock_is_refused_and_tells_who_and_why(docker: RecordedDocker, environment: Environment) -> None:
    held_by(docker, os.getpid())

    with pytest.raises(Problem, match="production is locked") as problem:
        lock.take(environment, "deploy", 60)

    assert problem.value.why == f"by ann@laptop since {EARLIER}: deploy app:1"


def test_waiting_for_the_lock(
    docker: RecordedDocker, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swarm_tool.lock.time.sleep", lambda _: None)
    held_by(docker, os.getpid())
    docker.answers["config create"] = [TAKEN, TAKEN, ""]

    assert lock.take(environment, "deploy", 60, wait=5).why == "deploy"


def test_lock_made_just_before_the_connection_was_lost(
    docker: RecordedDocker, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_by(docker, os.getpid())
    monkeypatch.setattr("swarm_tool.lock.secrets.token_hex", lambda _: "token")

    assert lock.take(environment, "deploy", 60).token == "token"


def test_another_error_is_not_taken_for_a_lock(
    docker: RecordedDocker, environment: Environment, refusal: DockerError
) -> None:
    docker.answers |= {"config create": refusal}

    with pytest.raises(DockerError, match="docker failed"):
        lock.take(environment, "deploy", 60, wait=60)


def test_holder_is_gone(docker: RecordedDocker, ended: int) -> None:
    assert "has ended" in held_by(docker, ended).gone()
    assert "had to be done" in held_by(docker, 1, "elsewhere", EARLIER).gone()
    assert not held_by(docker, os.getpid()).gone()
    assert not held_by(docker, ended, "elsewhere").gone()
    # A person keeps it until `unlock`.
    assert not held_by(docker, 0, "", EARLIER).gone()


def test_lock_left_behind_is_never_broken_silently(
    docker: RecordedDocker, environment: Environment, ended: int, capsys: pytest.CaptureFixture[str]
) -> None:
    held_by(docker, ended)
    with pytest.raises(Problem) as problem:
        lock.take(environment, "deploy", 60, wait=60)
    assert "has ended" in problem.value.why
    assert "unlock production" in problem.value.lines["do"]

    lock.break_open(environment, force=False)
    assert docker.called("config rm") == ["config rm shop_lock"]
    assert "the lock was of ann@laptop" in capsys.readouterr().out


def test_lock_in_use_is_broken_only_by_force(docker: RecordedDocker, environment: Environment) -> None:
    held_by(docker, os.getpid())
    with pytest.raises(Problem, match="may be in use"):
        lock.break_open(environment, force=False)
    assert docker.called("config rm") == []

    lock.break_open(environment, force=True)
    assert docker.called("config rm")


def test_lock_of_a_person_is_given_back_by_anybody(docker: RecordedDocker, environment: Environment) -> None:
    held_by(docker, 0)

    lock.break_open(environment, force=False)

    assert docker.called("config rm")


def test_nothing_to_unlock(
    docker: RecordedDocker,
    environment: Environment,
    refusal: DockerError,
    capsys: pytest.CaptureFixture[str],
) -> None:
    docker.answers |= {"config inspect": refusal}

    lock.break_open(environment, force=False)

    assert capsys.readouterr().out == "production is unlocked\n"
