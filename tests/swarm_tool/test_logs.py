import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from swarm_tool import logs
from swarm_tool.environment import Environment
from swarm_tool.outcome import Problem

from .conftest import RecordedDocker

# As `docker service logs --timestamps` wrote it.
RECORDED = "2026-11-24T04:38:08.4387Z shop_app.2.88hfx8g3w83d@node-1    | GET / 200\n"


def printing(*lines: str, pause: float = 0) -> subprocess.Popen[bytes]:
    script = f"import time\nfor line in {lines!r}: print(line, flush=True); time.sleep({pause})"
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)


def test_line_is_split_and_shortened() -> None:
    stamp, text = logs.split(RECORDED)

    assert stamp == "2026-11-24T04:38:08.438700000Z"
    assert logs.shorten("shop", text) == "app.2@node-1 | GET / 200"
    assert logs.shorten("shop", "error: no such container") == "error: no such container"


def test_fractions_of_a_second_compare_as_numbers() -> None:
    stamps = ["05Z", "05.1Z", "05.12Z", "05.2Z"]

    assert sorted(stamps, key=lambda stamp: logs.split(stamp)[0]) == stamps


def test_services_are_merged_in_order_of_time() -> None:
    clients = [printing("01Z a", "03Z c", "06Z f"), printing("02Z b", "04Z d", "05Z e")]

    assert "".join(text for _, text in logs.merged(clients, float("inf"))) == "abcdef"


def test_followed_lines_come_while_they_are_written() -> None:
    client = printing("02Z b", "01Z a", "03Z c", pause=0.3)
    begin = time.monotonic()

    first = list(itertools.islice(logs.merged([client], 0.5), 2))

    assert [text for _, text in first] == ["a", "b"]
    assert time.monotonic() - begin < 30


def test_client_that_waits_for_ever_is_stopped(
    environment: Environment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(logs, "READING", 0.5)
    monkeypatch.setattr(logs, "services_of", lambda _: {"app": {}})
    client = tmp_path / "no-engine" / "docker"
    client.write_text(f"#!/bin/sh\necho '{RECORDED}'\nexec sleep 600\n", encoding="utf-8")
    environment.docker.variables["PATH"] = f"{client.parent}:{os.environ['PATH']}"

    logs.show(environment, None, "1m", False, "")

    printed = capsys.readouterr().out
    assert "app.2@node-1 | GET / 200" in printed
    assert "some logs were not read" in printed


def test_refused(docker: RecordedDocker, environment: Environment) -> None:
    docker.answers |= {"service ls": "x", "service inspect": [[{"Spec": {"Name": "shop_app"}}]]}

    with pytest.raises(Problem, match="no service is called moon") as problem:
        logs.show(environment, "moon", "1m", False, "")
    assert problem.value.why == "running are: app"
    with pytest.raises(Problem, match="no regular expression"):
        logs.show(environment, "app", "1m", False, "(")
