"""The harness itself: a helper that cannot fail would make every test that leans on it worthless."""

import sys
from pathlib import Path

import pytest

from lab.command import CommandFailedError, run
from lab.ports import free_port
from lab.wait import wait_until
from tests.harness.bake import bake


def test_failed_command_shows_what_it_printed() -> None:
    with pytest.raises(CommandFailedError, match=r"(?s)exit code 3.*hello.*alas"):
        run([sys.executable, "-c", "import sys; print('hello'); print('alas', file=sys.stderr); sys.exit(3)"])


def test_command_reads_no_input_of_ours() -> None:
    assert run([sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))"]).stdout == "''\n"


def test_waiting_ends() -> None:
    with pytest.raises(AssertionError, match="in vain for: the moon"):
        wait_until(lambda: False, 0.2, "the moon")


def test_waiting_returns_what_came() -> None:
    answers = iter([None, "", "here"])
    assert wait_until(lambda: next(answers), 5, "an answer") == "here"


def test_free_port_is_a_port() -> None:
    assert 1024 <= free_port() <= 65535


def test_bake_returns_the_new_folder(tmp_path: Path) -> None:
    assert bake(tmp_path, project_slug="orchard") == tmp_path / "orchard"
