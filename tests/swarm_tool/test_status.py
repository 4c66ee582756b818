import copy
from typing import Any

import pytest
from swarm_tool import releases, status
from swarm_tool.environment import Environment

from .conftest import RecordedDocker, recorded
from .test_preflight import node
from .test_releases import made


def engine(docker: RecordedDocker, moment: dict[str, Any]) -> None:
    docker.answers |= {
        "node ls": "x",
        "node inspect": [[{**node("node-1"), "ID": moment["tasks"][0]["NodeID"]}]],
        "stack ps": "t",
        "inspect --type task": [moment["tasks"]],
        "service ls": "s",
        "service inspect": [[moment["service"]]],
        "config inspect": [[]],
    }


def test_status_at_a_glance(
    docker: RecordedDocker,
    environment: Environment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.settings["STACK"] = "dp-trial"
    engine(docker, recorded("completed"))
    monkeypatch.setattr(releases, "listed", lambda _: [made(7)])

    status.show(environment, watch=False)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "production: stack dp-trial, https://shop.test"
    assert lines[2].split()[:5] == ["app", "2/2", "one", "node-1", "healthy"]
    assert lines[3].startswith("last:    7 ")


def test_service_in_trouble() -> None:
    moment = recorded("updating")
    tasks = copy.deepcopy(moment["tasks"])
    tasks[0]["Status"].update(State="pending", Err="no suitable node")
    del tasks[0]["NodeID"]

    cells = status.row("app", moment["service"], tasks, {})

    assert cells[1] == "2/2"
    assert cells[4] == "healthy, pending, no suitable node"
    assert status.row("app", moment["service"], [], {})[4] == "no task"
