import base64
import json
import os
import subprocess
import sys

import pytest
from swarm_tool import lock
from swarm_tool.docker import DockerError
from swarm_tool.environment import Environment
from swarm_tool.lock import Holder
from swarm_tool.outcome import Problem

from .conftest import RecordedDocker

# A holder may have a wrong clock; the swarm has its own.
SINCE, UNTIL = "2031-01-01T00:00:00+00:00", "2031-01-01T01:00:00+00:00"
MADE, SOON, LATE = (
    "2026-01-01T00:00:00.123456789Z",
    "2026-01-01T00:59:59.5+00:00",
    "2026-01-01T02:30:00.5+01:00",
)
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


def held_by(
    docker: RecordedDocker, process: int, place: str = "here", began: str = "", now: str = SOON, **more: str
) -> None:
    """Let somebody have the lock: a process in a space of process numbers."""
    place = lock._place() if place == "here" else place
    holder = Holder("ann@laptop", SINCE, "deploy app:1", "laptop", process, UNTIL, "token", place, began)
    hold(docker, json.dumps({**holder._asdict(), **more}), now)


def hold(docker: RecordedDocker, text: str, now: str = SOON) -> None:
    data = base64.b64encode(text.encode()).decode()
    config = {"ID": "id-1", "CreatedAt": MADE, "Spec": {"Data": data, "Labels": {}}}
    docker.answers |= {"config create": TAKEN, "config inspect": [[config]], "info": now}


def gone(environment: Environment) -> str:
    held = lock.current(environment)
    assert held
    return held.gone()


def test_lock_is_taken_and_given_back(docker: RecordedDocker, environment: Environment) -> None:
    with lock.held(environment, "deploy", 60, 0) as mine:
        assert json.loads(docker.values[0])["process"] == os.getpid()
        hold(docker, docker.values[0])
        lock.check(environment, mine)

    # Not by its name: another lock may have it by now.
    assert docker.called("config rm") == ["config rm id-1"]


def test_lock_that_somebody_took_since_is_left_and_the_loss_is_noticed(
    docker: RecordedDocker, environment: Environment
) -> None:
    with lock.held(environment, "deploy", 60, 0) as mine:
        held_by(docker, os.getpid())
        with pytest.raises(lock.LockLost) as problem:
            lock.check(environment, mine)

    assert "taken by ann@laptop" in problem.value.why
    assert docker.called("config rm") == []


def test_lock_that_was_removed_is_noticed(docker: RecordedDocker, environment: Environment) -> None:
    with lock.held(environment, "deploy", 60, 0) as mine, pytest.raises(lock.LockLost, match="was lost"):
        lock.check(environment, mine)


def test_held_lock_is_refused_and_tells_who_and_why(docker: RecordedDocker, environment: Environment) -> None:
    held_by(docker, os.getpid())

    with pytest.raises(Problem, match="production is locked") as problem:
        lock.take(environment, "deploy", 60)

    assert problem.value.why == f"by ann@laptop since {SINCE}: deploy app:1"


def test_waiting_for_the_lock(
    docker: RecordedDocker, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swarm_tool.lock.time.sleep", lambda _: None)
    held_by(docker, os.getpid())
    docker.answers["config create"] = [TAKEN, TAKEN, ""]

    assert lock.take(environment, "deploy", 60, wait=5).why == "deploy"


def test_another_error_is_not_taken_for_a_lock(
    docker: RecordedDocker, environment: Environment, refusal: DockerError
) -> None:
    docker.answers |= {"config create": refusal}

    with pytest.raises(DockerError, match="docker failed"):
        lock.take(environment, "deploy", 60, wait=60)


def test_holder_whose_process_has_ended_is_gone(
    docker: RecordedDocker, environment: Environment, ended: int
) -> None:
    held_by(docker, ended)
    assert gone(environment) == f"process {ended} on laptop has ended"


def test_number_of_a_process_that_is_used_again(docker: RecordedDocker, environment: Environment) -> None:
    held_by(docker, os.getpid(), began="1")
    assert "has ended" in gone(environment)

    held_by(docker, os.getpid(), began=lock._began(os.getpid()))
    assert gone(environment) == ""


def test_process_that_nobody_has_waited_for_has_ended(
    docker: RecordedDocker, environment: Environment
) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    began = lock._began(process.pid)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    try:
        held_by(docker, process.pid, began=began)
        assert "has ended" in gone(environment)
    finally:
        process.wait()


def test_holder_in_another_container_may_be_at_work(
    docker: RecordedDocker, environment: Environment, ended: int
) -> None:
    held_by(docker, ended, place="the same machine, and another space of process numbers")
    assert gone(environment) == ""


def test_holder_that_had_to_be_done_is_gone_by_the_clock_of_the_swarm(
    docker: RecordedDocker, environment: Environment
) -> None:
    held_by(docker, 1, place="elsewhere")
    assert gone(environment) == ""

    held_by(docker, 1, place="elsewhere", now=LATE)
    assert gone(environment) == "it had to be done by now"

    # A person keeps it until `unlock`.
    held_by(docker, 0, place="elsewhere", now=LATE)
    assert gone(environment) == ""


def test_lock_of_an_older_and_of_a_newer_version_is_read(
    docker: RecordedDocker, environment: Environment, ended: int
) -> None:
    names = ("who", "since", "why", "host", "process", "until", "token")
    old = dict(zip(names, ("ann@laptop", SINCE, "deploy", "laptop", ended, UNTIL, "token"), strict=True))
    hold(docker, json.dumps(old))
    # Which space its number belongs to was not noted.
    assert gone(environment) == ""
    hold(docker, json.dumps(old), LATE)
    assert gone(environment)

    held_by(docker, os.getpid(), noted_later="unknown")
    assert gone(environment) == ""


def test_lock_left_behind_is_taken_over_and_that_is_told(
    docker: RecordedDocker, environment: Environment, ended: int, capsys: pytest.CaptureFixture[str]
) -> None:
    held_by(docker, ended)
    docker.answers["config create"] = [TAKEN, ""]

    assert lock.take(environment, "deploy", 60).process == os.getpid()

    assert docker.called("config rm") == ["config rm id-1"]
    assert f"left behind by ann@laptop since {SINCE}: deploy app:1" in capsys.readouterr().out


def test_lock_left_behind_can_be_broken(
    docker: RecordedDocker, environment: Environment, ended: int, capsys: pytest.CaptureFixture[str]
) -> None:
    held_by(docker, ended)

    lock.break_open(environment, force=False)

    assert docker.called("config rm") == ["config rm id-1"]
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
