"""A docker client that answers from recordings, and an environment that uses it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from swarm_tool.docker import Docker, DockerError
from swarm_tool.environment import Environment

RECORDED = Path(__file__).with_name("recorded")


class RecordedDocker(Docker):
    """Answers a command with what is known for its longest beginning; the rest gets an empty answer."""

    def __init__(self) -> None:
        super().__init__({})
        self.answers: dict[str, Any] = {"stack config": (RECORDED / "rendered.yml").read_text("utf-8")}
        self.calls: list[str] = []
        self.values: list[str] = []

    def text(
        self,
        *arguments: str,
        value: str = "",
        timeout: float = 0,
        both: bool = False,
        variables: dict[str, str] | None = None,
    ) -> str:
        line = " ".join(arguments)
        self.calls.append(line)
        self.values.append(value)
        known = [beginning for beginning in self.answers if line.startswith(beginning)]
        answer = self.answers[max(known, key=len)] if known else "[]" * ("inspect" in line)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, str) else json.dumps(answer)

    def attach(self, *arguments: str) -> int:
        return int(self.text(*arguments) or 0)

    def called(self, beginning: str) -> list[str]:
        return [line for line in self.calls if line.startswith(beginning)]


@pytest.fixture(autouse=True)
def no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a docker client that says nothing before any real one: no test here reaches an engine."""
    program = tmp_path / "no-engine" / "docker"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.fixture
def docker() -> RecordedDocker:
    return RecordedDocker()


@pytest.fixture
def environment(docker: RecordedDocker) -> Environment:
    settings = {
        "ENVIRONMENT": "production",
        "STACK": "shop",
        "OVERLAY": "production",
        "DOMAIN": "shop.test",
    }
    return Environment("production", settings, docker)


@pytest.fixture
def refusal() -> DockerError:
    return DockerError("docker failed", "Error response from daemon: no such object", "look")


def recorded(name: str) -> Any:
    """Return what the engine answered once: a service and its tasks at some moment of a rollout."""
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
