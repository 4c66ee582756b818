"""run, logs, status, maintenance."""

import subprocess

import pytest

from .trial import Trial

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
