import copy
from typing import Any

import pytest
from swarm_tool import rollout
from swarm_tool.docker import DockerError
from swarm_tool.environment import Environment
from swarm_tool.outcome import Screen
from swarm_tool.rollout import RolloutFailed
from swarm_tool.tasks import PENDING

from .conftest import RecordedDocker, recorded

STACK = {"services": {"app": {"image": "app", "deploy": {"labels": {"release": "1"}}}}}


class Clock:
    """A clock that the waiting itself moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(rollout, "time", clock)
    return clock


def play(docker: RecordedDocker, *moments: dict[str, Any], before: int = 0) -> None:
    """Let the engine be in one moment after the other; the first `before` tasks were there before."""
    docker.answers |= {
        "stack ps": ["known" if before else "", "known"],
        "service ls": "app",
        "service inspect": [[moment["service"]] for moment in moments],
        "inspect --type task": ([moments[0]["tasks"][-before:]] if before else [])
        + [moment["tasks"] for moment in moments],
    }


def roll_out(environment: Environment, mark: str, deadline: float = 60) -> None:
    environment.settings["STACK"] = "dp-trial"
    rollout.roll_out(environment, STACK, mark, deadline, Screen())


def test_update_that_ends_well(
    docker: RecordedDocker, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    done = recorded("completed")
    play(
        docker,
        {**done, "service": {**done["service"], "UpdateStatus": {"State": "updating"}}},
        done,
    )

    roll_out(environment, "15")

    assert "2/2 as intended, completed" in capsys.readouterr().out
    assert '"deploy.mark": "15"' in docker.values[docker.calls.index(docker.called("stack deploy")[0])]


def test_nothing_to_do_is_done_at_once(
    docker: RecordedDocker, environment: Environment, clock: Clock
) -> None:
    play(docker, recorded("unchanged"), before=2)

    roll_out(environment, "15")

    assert clock.now == 0


def test_new_service_is_watched_for_a_while(
    docker: RecordedDocker, environment: Environment, clock: Clock
) -> None:
    play(docker, recorded("unchanged"))

    roll_out(environment, "15")

    assert clock.now == 3


def test_rollback_by_the_swarm(docker: RecordedDocker, environment: Environment) -> None:
    play(docker, recorded("updating"), recorded("rolled_back"), before=2)

    with pytest.raises(RolloutFailed) as failure:
        roll_out(environment, "16")

    assert "rollback_started: update rolled back due to failure" in failure.value.why
    assert failure.value.task
    assert failure.value.task["Status"]["State"] == "failed"


def test_rollback_that_the_swarm_calls_completed(docker: RecordedDocker, environment: Environment) -> None:
    # Seen with engine 26: after a rollback of its own the state may read "completed".
    play(docker, recorded("updating"), recorded("completed"), before=2)

    with pytest.raises(RolloutFailed, match="app failed") as failure:
        roll_out(environment, "16")

    assert "rolled it back" in failure.value.why


def test_task_that_dies(
    docker: RecordedDocker, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = recorded("updating")
    moment["tasks"][0]["Status"].update(State="failed", Err="task: non-zero exit (1)")
    play(docker, moment, before=2)
    docker.answers["service logs"] = "no module named shop\n"
    docker.answers["inspect --type container"] = [
        [{"State": {"Health": {"Log": [{"ExitCode": 1, "Output": "connection refused\n"}]}}}]
    ]

    with pytest.raises(RolloutFailed) as failure:
        roll_out(environment, "16")

    assert failure.value.why == "a new task is failed: task: non-zero exit (1)"
    shown = capsys.readouterr().out
    assert "no module named shop" in shown
    assert "its health check, exit code 1\nconnection refused" in shown


@pytest.mark.parametrize("times", [1, rollout.START_FAILURES, rollout.START_FAILURES + 1])
def test_engine_may_fail_to_start_a_task_now_and_then(
    docker: RecordedDocker, environment: Environment, times: int
) -> None:
    done = recorded("completed")
    busy = copy.deepcopy(done["tasks"][0])
    busy["DesiredState"] = "shutdown"
    busy["Status"].update(State="failed", Err="starting container failed: device or resource busy")
    tasks = [*done["tasks"], *({**busy, "ID": f"busy{number}"} for number in range(times))]
    play(docker, {**done, "tasks": tasks})

    if times > rollout.START_FAILURES:
        with pytest.raises(RolloutFailed, match="app failed"):
            roll_out(environment, "15")
    else:
        roll_out(environment, "15")


def test_task_of_the_release_before_may_die(docker: RecordedDocker, environment: Environment) -> None:
    died = copy.deepcopy(recorded("updating")["tasks"][0])
    died["Status"]["State"], died["DesiredState"] = "failed", "shutdown"
    done = recorded("completed")
    play(docker, {**done, "tasks": [died, *done["tasks"]]})

    roll_out(environment, "15")


def test_task_that_finds_no_node(docker: RecordedDocker, environment: Environment, clock: Clock) -> None:
    moment = recorded("updating")
    moment["tasks"][0]["Status"].update(
        State="pending", Err="no suitable node (insufficient resources on 1 node)"
    )
    play(docker, moment, before=2)

    with pytest.raises(RolloutFailed) as failure:
        roll_out(environment, "16", deadline=300)

    assert "no suitable node" in failure.value.why
    assert clock.now == pytest.approx(PENDING, abs=2)


def test_deadline(docker: RecordedDocker, environment: Environment, clock: Clock) -> None:
    play(docker, recorded("updating"), before=2)

    with pytest.raises(RolloutFailed) as failure:
        roll_out(environment, "16", deadline=10)

    assert (
        failure.value.why == "not done within the deadline of 10 s: 0/2 as intended, updating (old, starting)"
    )
    assert clock.now == pytest.approx(10, abs=2)


def test_task_too_many_is_removed_by_the_swarm_when_it_is_told_again(
    docker: RecordedDocker, environment: Environment
) -> None:
    # Seen with engine 26, after going back while the swarm rolled back: three tasks of two.
    done = recorded("completed")
    too_many = {**done, "tasks": [*done["tasks"], {**done["tasks"][0], "ID": "another"}]}
    line, _ = rollout.progress(too_many["service"], too_many["tasks"])
    assert line == "3/2 as intended, completed"
    play(docker, *[too_many] * (int(rollout.SURPLUS) + 2), done)

    roll_out(environment, "15")

    first, again = docker.called("stack deploy")
    assert first == again


def test_service_that_somebody_removed(docker: RecordedDocker, environment: Environment) -> None:
    docker.answers |= {"service ls": ""}

    with pytest.raises(RolloutFailed) as failure:
        roll_out(environment, "16")

    assert "removed" in failure.value.why


def test_other_configuration_is_not_the_same() -> None:
    moment = recorded("completed")
    task = moment["tasks"][0]
    assert rollout.same(moment["service"], task)

    container = moment["service"]["Spec"]["TaskTemplate"]["ContainerSpec"]
    changes: list[dict[str, Any]] = [
        {"Image": "other"},
        {"Env": ["A=1"]},
        {"Secrets": []},
        {"Hostname": "x"},
    ]
    for change in changes:
        other = copy.deepcopy(moment["service"])
        other["Spec"]["TaskTemplate"]["ContainerSpec"] = {**container, **change}
        assert not rollout.same(other, task), change


def test_global_service_wants_a_task_on_each_node_that_has_one() -> None:
    service: dict[str, Any] = {"Spec": {"Mode": {"Global": {}}}}

    assert rollout.replicas(service, []) == 1
    assert rollout.replicas(service, [{"NodeID": "a"}, {"NodeID": "b"}, {"NodeID": "b"}]) == 2


def test_stack_without_services_has_no_tasks(
    docker: RecordedDocker, environment: Environment, refusal: DockerError
) -> None:
    docker.answers |= {"stack ps": refusal}

    assert rollout.tasks_of(environment) == []


def test_services_that_a_release_does_not_have_are_removed(
    docker: RecordedDocker, environment: Environment
) -> None:
    docker.answers |= {
        "service ls": "a b",
        "service inspect": [[{"Spec": {"Name": "shop_app"}}, {"Spec": {"Name": "shop_old"}}]],
    }

    assert rollout.remove_other_services(environment, STACK) == ["old"]
    assert docker.called("service rm") == ["service rm shop_old"]
