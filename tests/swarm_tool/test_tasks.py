import os
import select
import signal
import subprocess
from typing import Any

import pytest
from swarm_tool import tasks
from swarm_tool.docker import DockerError
from swarm_tool.environment import Environment
from swarm_tool.outcome import Problem
from swarm_tool.stack import parse

from .conftest import RECORDED, RecordedDocker


@pytest.fixture
def stack() -> dict[str, Any]:
    made: dict[str, Any] = parse((RECORDED / "rendered.yml").read_text(encoding="utf-8"))
    return made


def ended(state: str = "complete", code: int = 0, **more: str) -> dict[str, Any]:
    return {"ID": "t", "Status": {"State": state, "ContainerStatus": {"ExitCode": code}, **more}}


def test_task_is_like_the_service_but_ends(
    docker: RecordedDocker, environment: Environment, stack: dict[str, Any]
) -> None:
    docker.answers |= {"network ls": "shop_backend other_frontend"}

    made = tasks.definition(environment, stack, "app", {"command": ["python", "manage.py", "migrate"]})

    task, app = made["services"]["task"], stack["services"]["app"]
    for key in (
        "image",
        "user",
        "read_only",
        "cap_drop",
        "environment",
        "secrets",
        "volumes",
        "init",
    ):
        assert task[key] == app[key], key
    assert task["command"] == ["python", "manage.py", "migrate"]
    assert task["healthcheck"] == {"disable": True}
    assert task["deploy"]["mode"] == "replicated-job"
    assert task["deploy"]["restart_policy"] == {"condition": "none"}
    assert task["deploy"]["resources"] == app["deploy"]["resources"]
    assert made["secrets"]["secret_key"] == stack["secrets"]["secret_key"]
    assert "tls_key" not in made["secrets"]


def test_task_joins_only_networks_that_exist(
    docker: RecordedDocker, environment: Environment, stack: dict[str, Any]
) -> None:
    docker.answers |= {"network ls": "shop_backend"}
    made = tasks.definition(environment, stack, "app", {"command": []})
    assert made["networks"] == {"backend": {"external": True, "name": "shop_backend"}}
    assert made["services"]["task"]["networks"] == {"backend": None}

    # Without one it would get a network of its own, and leave it behind.
    made = tasks.definition(environment, stack, "proxy", {"command": []})
    assert made["networks"] == {"bridge": {"external": True, "name": "bridge"}}


def test_task_never_publishes_a_port(
    docker: RecordedDocker, environment: Environment, stack: dict[str, Any]
) -> None:
    made = tasks.definition(environment, stack, "proxy", {"command": ["nginx", "-t"], "mode": "global-job"})

    assert "ports" not in made["services"]["task"]
    assert made["services"]["task"]["deploy"]["mode"] == "global-job"
    assert made["volumes"]["maintenance"]["name"] == "shop_maintenance"


def test_exit_code_of_the_task(docker: RecordedDocker, environment: Environment) -> None:
    docker.answers |= {"service ps": "t", "inspect --type task": [[ended("failed", 3)]]}

    result = tasks.run(environment, {}, "run", 10)

    assert result.exit_code == 3
    service = docker.called("service rm")[0].split()[-1]
    assert service.startswith("shop-run-")
    assert docker.called("stack deploy")[0].endswith(service.removesuffix("_task"))


def test_task_that_never_ran(docker: RecordedDocker, environment: Environment) -> None:
    rejected = ended("rejected", Err="No such image: app:1")
    docker.answers |= {"service ps": "t", "inspect --type task": [[rejected]]}

    with pytest.raises(Problem) as problem:
        tasks.run(environment, {}, "migrate", 10)

    assert problem.value.why == "No such image: app:1"
    assert docker.called("service rm")


def test_task_that_takes_too_long_is_removed(docker: RecordedDocker, environment: Environment) -> None:
    docker.answers |= {"service ps": "t", "inspect --type task": [[ended("running")]]}

    with pytest.raises(Problem, match="was stopped after"):
        tasks.run(environment, {}, "migrate", 0)

    assert docker.called("service rm")


def test_what_a_killed_command_left_is_removed(
    docker: RecordedDocker, environment: Environment, refusal: DockerError
) -> None:
    names = ("shop-migrate-1_task", "shop-run-2_task", "shop-run-3_task")
    docker.answers |= {
        "service ls": "a b c",
        "service inspect": [[{"Spec": {"Name": name}} for name in names]],
        "service ps": "t",
        "inspect --type task": [[ended("running")], [ended("complete")]],
    }

    assert tasks.remove_left_behind(environment) == ["shop-migrate-1_task", "shop-run-3_task"]

    docker.answers["service rm"] = refusal
    tasks.remove(environment, "gone already")


def test_client_that_is_a_script_is_not_waited_for(
    docker: RecordedDocker, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, both: bool = False) -> "subprocess.Popen[bytes]":
        # What it has started goes on, and holds its output.
        script = ["sh", "-c", "echo a line; sleep 300 & wait"]
        pipe = subprocess.PIPE
        client = subprocess.Popen(script, stdout=pipe, stderr=pipe, start_new_session=True)
        started.append(client)
        assert client.stdout
        # The line is there before anybody waits for it.
        assert select.select([client.stdout], [], [], 60)[0]
        return client

    monkeypatch.setattr(docker, "start", start)
    monkeypatch.setattr(tasks, "FOLLOWED", 0.2)
    monkeypatch.setattr(tasks, "TIMEOUT", 2)
    docker.answers |= {"service ps": "t", "inspect --type task": [[ended("failed", 3)]]}
    try:
        result = tasks.run(environment, {}, "run", 10, [])
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)

    assert result == tasks.Result(3, "a line\n")
