"""Ctrl-C, kill -9, two at once, and a lock that somebody holds."""

import signal

import pytest

from .trial import Trial

pytestmark = pytest.mark.swarm

REFUSED, ROLLED_BACK = 3, 4


def test_ctrl_c_in_the_rollout_goes_back(trial: Trial) -> None:
    code, printed = trial.start_and_stop("unhealthy", "updating", signal.SIGINT)

    assert code == ROLLED_BACK, printed
    assert "the rollout was interrupted" in printed
    trial.whole("one")


def test_ctrl_c_in_the_migration_touches_nothing(trial: Trial) -> None:
    before = trial.tasks("app")

    code, printed = trial.start_and_stop("migration-slow", "== migrate", signal.SIGINT)

    assert code == REFUSED, printed
    assert trial.tasks("app") == before
    trial.whole("one")


def test_kill_in_the_rollout_then_a_new_deploy(trial: Trial) -> None:
    code, _ = trial.start_and_stop("unhealthy", "updating", signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert trial.answers() == "one"

    # The lock is still there, and never broken without being asked.
    printed = trial.deploy("two", code=REFUSED)
    assert "trial is locked" in printed
    assert "has ended" in printed
    assert "the lock was of" in trial.swarm("unlock")

    trial.deploy("two")
    trial.whole("two")
