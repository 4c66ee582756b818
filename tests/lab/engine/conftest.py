"""A machine of our own making: programs that stand before the real ones on the path."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.engine import record

AddProgram = Callable[[str, str], None]


@pytest.fixture
def add_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddProgram:
    """Adds a program to the path: its name, and its body as a shell script. No real docker is found there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("DOCKER_HOST", raising=False)

    def add(name: str, body: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)

    return add


@pytest.fixture(autouse=True)
def own_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps what a test starts apart from what this checkout started."""
    monkeypatch.setattr(record, "FOLDER", tmp_path / "record")
    monkeypatch.setattr(record, "FILE", tmp_path / "record" / "started.json")
    monkeypatch.setattr(record, "LOG", tmp_path / "record" / "dockerd.log")
