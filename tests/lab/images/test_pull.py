"""A registry that does not answer costs seconds, not minutes. The docker client is a script here."""

import time
from pathlib import Path

import pytest

from lab.images import pull as module
from lab.images.pull import pull


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script that stands for the docker client."""
    script = tmp_path / "docker"
    script.touch(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return script


def test_success(client: Path) -> None:
    client.write_text('#!/bin/sh\n[ "$*" = "pull redis:8-trixie" ] && echo "8-trixie: Pulling from redis"\n')

    assert pull("redis:8-trixie") is None


def test_failure_gives_the_last_line(client: Path) -> None:
    client.write_text("#!/bin/sh\necho pulling\necho 'no such host' >&2\nexit 1\n")

    assert pull("redis:8-trixie") == "no such host"


def test_silence_is_given_up(client: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client.write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.1)
    started = time.monotonic()

    assert pull("redis:8-trixie") == "no answer within 0.1 s"
    assert time.monotonic() - started < 30


def test_a_download_without_end_is_given_up(client: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client.write_text("#!/bin/sh\necho pulling\nexec sleep 60\n")
    monkeypatch.setattr(module, "DOWNLOAD_SECONDS", 0.1)

    assert pull("redis:8-trixie") == "the registry is too slow"
