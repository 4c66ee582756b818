"""run, logs, status, maintenance."""

import json
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from lab.command import run
from lab.wait import wait_until
from tests.harness.client_machine import client_machine
from tests.harness.load import load
from tests.harness.trial import Trial

pytestmark = pytest.mark.swarm


def test_run_returns_exit_code_and_output_and_leaves_nothing(trial: Trial) -> None:
    command = [str(trial.project / "deploy/swarm"), "run", "trial", "--", "python", "manage.py", "exit", "3"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    assert (done.returncode, done.stdout, done.stderr) == (3, "to standard output\n", "to standard error\n")
    trial.whole("one")


def test_run_loses_no_line(trial: Trial) -> None:
    printed = trial.swarm("run", "--", "python", "manage.py", "count", "20000")

    assert printed.split() == [str(number) for number in range(20000)]


def test_run_has_the_secrets_of_the_release(trial: Trial) -> None:
    printed = trial.swarm("run", "--", "python", "-c", "import database; print(database.answers())")

    assert printed == "True\n"


def test_run_is_interactive_on_a_terminal(trial: Trial) -> None:
    tool = trial.project / "deploy/swarm"
    # `script` gives the command a terminal; its exit code comes through.
    question = f"{tool} run trial -- python -c 'print(input().upper())'"
    done = run(
        ["script", "--quiet", "--return", "--command", question, "/dev/null"],
        stdin="are you there\n",
        check=False,
    )

    assert done.returncode == 0
    assert "ARE YOU THERE" in done.stdout
    trial.whole("one")


def test_status_shows_what_runs(trial: Trial) -> None:
    lines = trial.swarm("status").splitlines()

    rows = {line.split()[0]: line.split() for line in lines}
    assert rows["app"][1:3] == ["2/2", "one"]
    assert rows["app"][4] == "healthy"
    assert rows["db"][1] == "1/1"
    assert lines[-1].startswith("last: ")
    assert " good " in lines[-1]


def test_logs_are_in_order_of_time_and_of_all_services(trial: Trial) -> None:
    lines = trial.swarm("logs", "--since=1h").splitlines()

    stamps = [line.split()[0] for line in lines]
    assert stamps == sorted(stamps)
    sources = {line.split()[1].partition(".")[0] for line in lines}
    assert {"app", "db", "proxy", "redis"} <= sources
    assert all(
        "release one listens" in line
        for line in trial.swarm("logs", "app", "--grep=one listens", "--since=1h").splitlines()
    )


def test_logs_follow_until_they_are_stopped(trial: Trial) -> None:
    process = trial.start("logs", "proxy", "--follow", "--since=1s")
    try:
        wait_until(lambda: trial.site.get("/from-the-test").status, 10, "an answer")
        lines = process.stdout or iter(())
        assert any("/from-the-test" in line for line in lines)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_maintenance_under_load(trial: Trial, figure: Callable[[str], None]) -> None:
    trial.take_certificate()
    before = trial.tasks()
    with client_machine() as exempt, load(trial.site, "/", 50, also=(503,)) as running:
        assert running.statuses[503] == 0
        began = time.monotonic()
        trial.swarm("maintenance", "on")
        seconds = time.monotonic() - began
        closed = trial.site.get("/")
        allowed = exempt.get(trial.site, "/")
        trial.swarm("maintenance", "off")
        opened = trial.site.get("/")

    figure(
        f"maintenance page shown within {seconds:.1f} s; {running}, {running.statuses[503]} of them the page"
    )
    assert closed.status == 503
    assert "Back in a moment" in closed.text
    assert allowed.status == opened.status == 200
    assert json.loads(allowed.body)["release"] == "one"
    assert running.failures == []
    assert trial.tasks() == before
    trial.whole("one")
