"""`make demo` in a fresh clone: from nothing to a site that answers."""

import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest

from lab.wait import wait_until
from tests.harness.clone import clone_template, git
from tests.harness.signals import let_interrupt

# Two virtual environments are made and filled, perhaps on a slow network.
FIRST_START_SECONDS = 600
START_SECONDS = 60
STOP_SECONDS = 20


class Demo:
    """A running `make demo`."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8")

    def address(self, seconds: float) -> str:
        """Wait until the demo serves, at most `seconds`, and return its address."""

        def serves() -> str:
            assert self.process.poll() is None, self.output
            found = re.search(r"Serving (http://127\.0\.0\.1:[0-9]+/)", self.output)
            return found[1] if found and answers(found[1]) else ""

        return wait_until(serves, seconds, "make demo to serve")

    def interrupt(self) -> None:
        """Press Ctrl+C: a terminal sends the signal to every process of the group."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(STOP_SECONDS)

    def is_running(self) -> bool:
        """Tell whether any process that it started still runs."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True


@contextmanager
def demo(clone: Path, log: Path) -> Iterator[Demo]:
    """Run `make demo` in `clone`, and end it and all that it started at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "demo"],
            cwd=clone,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=let_interrupt,
        )
    running = Demo(process, log)
    try:
        yield running
    finally:
        if running.is_running():
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)


def answers(address: str) -> bool:
    """Tell whether a server accepts connections there."""
    try:
        return status_of(address) > 0
    except OSError:
        return False


def status_of(address: str) -> int:
    """Return the status of the answer to GET."""
    with urllib.request.urlopen(address, timeout=10) as response:  # noqa: S310
        return int(response.status)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clone_template(tmp_path_factory.mktemp("clone") / "template")


# One after the other on the same clone: each builds on what the one before left.
def test_first_run_makes_everything_and_serves(clone: Path, tmp_path: Path) -> None:
    with demo(clone, tmp_path / "log") as running:
        address = running.address(FIRST_START_SECONDS)

        assert status_of(address) == HTTPStatus.OK
        assert status_of(f"{address}api/alive") == HTTPStatus.OK
        assert status_of(f"{address}admin/login/") == HTTPStatus.OK
        for said in [
            "Baking the example",
            "Installing",
            "Bringing the database up to date",
            "createsuperuser",
        ]:
            assert said in running.output

        running.interrupt()
        assert not running.is_running()
        assert "Traceback" not in running.output


def test_second_run_reuses_what_is_there(clone: Path, tmp_path: Path) -> None:
    with demo(clone, tmp_path / "log") as running:
        assert status_of(running.address(START_SECONDS)) == HTTPStatus.OK
        assert "Using the example" in running.output
        assert "Baking" not in running.output
        assert "Installing" not in running.output


def test_changed_template_is_baked_anew_and_keeps_the_database(clone: Path, tmp_path: Path) -> None:
    project = clone / ".demo" / "exampleapp"
    database = project / "data" / "db.sqlite3"
    before = database.stat().st_ino
    (project / "stray.txt").write_text("not in the template", encoding="utf-8")
    (clone / "<<cookiecutter.project_slug>>" / "NEWS.md").write_text("News\n", encoding="utf-8")

    with demo(clone, tmp_path / "log") as running:
        assert status_of(running.address(START_SECONDS)) == HTTPStatus.OK
        assert "Baking" in running.output

    assert (project / "NEWS.md").exists()
    assert not (project / "stray.txt").exists()
    assert database.stat().st_ino == before


def test_two_demos_take_two_ports(clone: Path, tmp_path: Path) -> None:
    with demo(clone, tmp_path / "one") as one:
        first = one.address(START_SECONDS)
        with demo(clone, tmp_path / "two") as two:
            assert two.address(START_SECONDS) != first


def test_git_ignores_all_of_it(clone: Path) -> None:
    assert [line for line in git(clone, "status", "--porcelain").splitlines() if "NEWS.md" not in line] == []
