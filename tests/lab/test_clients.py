"""Two docker clients can be had, whatever this machine has."""

from pathlib import Path

import pytest

from lab import clients

pytestmark = pytest.mark.engine


def test_both_are_found() -> None:
    assert clients._version(clients.older()) < clients._version(clients.newer())


def test_one_that_is_missing_comes_from_debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "CACHE", tmp_path)

    unpacked = clients._unpacked("forky")

    assert clients._version(unpacked) >= 28
    # The next time it is there.
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert clients.newer() == unpacked
