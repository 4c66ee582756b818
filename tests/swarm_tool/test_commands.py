import json
from typing import Any

import pytest
from swarm_tool import database_login, releases, tasks
from swarm_tool.environment import Environment
from swarm_tool.outcome import Problem
from swarm_tool.stack import parse

from .conftest import RECORDED, RecordedDocker
from .test_releases import made


@pytest.fixture(autouse=True)
def ends_well(docker: RecordedDocker) -> dict[str, Any]:
    status: dict[str, Any] = {
        "State": "complete",
        "ContainerStatus": {"ExitCode": 0, "ContainerID": "c"},
    }
    docker.answers |= {
        "service ps": "t",
        "inspect --type task": [[{"ID": "t", "Status": status}]],
        "info": "node-1",
    }
    return status


def stack() -> dict[str, Any]:
    text = (RECORDED / "rendered.yml").read_text(encoding="utf-8").replace("exampleapp-production", "shop")
    parsed: dict[str, Any] = parse(text)
    return parsed


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "listed", lambda _: [made(1, stack=stack())])


def started(docker: RecordedDocker) -> dict[str, Any]:
    """Return the task that was started."""
    (value,) = [
        value
        for line, value in zip(docker.calls, docker.values, strict=True)
        if line.startswith("stack deploy")
    ]
    parsed: dict[str, Any] = json.loads(value.replace("$$", "$"))
    return parsed


@pytest.mark.parametrize(("state", "command"), [("on", "touch"), ("off", "rm -f")])
@pytest.mark.usefixtures("running")
def test_maintenance_is_a_file_on_every_node(
    docker: RecordedDocker, environment: Environment, state: str, command: str
) -> None:
    tasks.switch_maintenance(environment, state)

    task = started(docker)["services"]["task"]
    assert task["deploy"]["mode"] == "global-job"
    assert task["command"] == ["-c", f"{command} /var/lib/maintenance/on"]
    assert started(docker)["volumes"]["maintenance"]["name"] == "shop_maintenance"
    assert not task["secrets"]


@pytest.mark.usefixtures("running")
def test_maintenance_that_a_node_did_not_do(environment: Environment, ends_well: dict[str, Any]) -> None:
    ends_well.update(State="failed", ContainerStatus={"ExitCode": 1})

    with pytest.raises(Problem, match="maintenance is not on"):
        tasks.switch_maintenance(environment, "on")


@pytest.mark.usefixtures("running")
def test_run_returns_the_exit_code(
    docker: RecordedDocker, environment: Environment, ends_well: dict[str, Any]
) -> None:
    ends_well.update(State="failed", ContainerStatus={"ExitCode": 3})

    assert tasks.run_command(environment, ["python", "manage.py", "check"]) == 3
    assert started(docker)["services"]["task"]["command"] == ["python", "manage.py", "check"]


@pytest.mark.usefixtures("running")
def test_interactive_run_waits_on_this_node(
    docker: RecordedDocker,
    environment: Environment,
    ends_well: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    ends_well["State"] = "running"
    docker.answers["exec --interactive"] = "7"

    assert tasks.run_command(environment, ["bash"]) == 7
    assert docker.called("exec") == ["exec --interactive --tty c bash"]
    assert started(docker)["services"]["task"]["deploy"]["placement"] == {
        "constraints": ["node.id == node-1"]
    }
    assert docker.called("service rm")


@pytest.mark.parametrize("command", ["maintenance", "run"])
def test_nothing_was_deployed(
    environment: Environment, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "listed", lambda _: [made(1, "rolled back")])

    with pytest.raises(Problem, match="there is no"):
        tasks.switch_maintenance(environment, "on") if command == "maintenance" else tasks.run_command(
            environment, ["x"]
        )


def with_login(version: int) -> dict[str, Any]:
    made_stack = stack()
    made_stack["secrets"]["database_uri"]["name"] = f"shop_database_uri_{version}"
    return made_stack


@pytest.mark.parametrize(
    ("wanted", "now", "new"),
    [(1, None, False), (2, None, True), (2, 1, True), (2, 2, False), (1, 2, False)],
)
def test_login_is_new(environment: Environment, wanted: int, now: int | None, new: bool) -> None:
    before = with_login(now) if now else {}

    assert database_login.is_new(environment, with_login(wanted), before) is new


def test_login_is_made_with_passwords_from_files(docker: RecordedDocker, environment: Environment) -> None:
    database_login.make(environment, with_login(3), with_login(2))

    made_task = started(docker)
    task = made_task["services"]["task"]
    assert {key: item["name"] for key, item in made_task["secrets"].items()} == {
        "login_password": "shop_database_password_2",
        "new_password": "shop_database_password_3",
        "owner_password": "shop_database_password_1",
    }
    assert task["environment"]["LOGIN"] == "exampleapp_2"
    assert task["environment"]["NEW"] == "exampleapp_3"
    assert "make_login(3, :'password')" in task["environment"]["STATEMENT"]
    assert task["volumes"] == []
    assert "placement" not in task["deploy"]


def test_logins_of_kept_releases_stay(docker: RecordedDocker, environment: Environment) -> None:
    database_login.keep_only(environment, with_login(4), [with_login(2), with_login(4), with_login(2)])

    assert (
        started(docker)["services"]["task"]["environment"]["STATEMENT"] == "SELECT keep_logins(ARRAY[2, 4]);"
    )


def test_database_that_refuses(environment: Environment, ends_well: dict[str, Any]) -> None:
    ends_well.update(State="failed", ContainerStatus={"ExitCode": 2})

    with pytest.raises(Problem, match="login was not changed"):
        database_login.make(environment, with_login(3), with_login(2))
