"""Ctrl-C, kill -9, two at once, and a lock that somebody holds."""

import signal

import pytest

from lab.wait import wait_until
from tests.harness.trial import Trial

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

    # What is left is told for what it is.
    status = trial.swarm("status").splitlines()
    assert " not finished " in status[-2]
    assert "has ended" in status[-1]

    printed = trial.deploy("two")
    assert "the lock was left behind by" in printed
    trial.whole("two")


def test_two_deploys_at_once(trial: Trial) -> None:
    tags = [trial.release("two"), trial.release("three")]
    running = [trial.start("deploy", f"--image={tag}") for tag in tags]
    printed = [process.communicate(timeout=300)[0] for process in running]

    codes = [process.returncode for process in running]
    assert sorted(codes) == [0, REFUSED], printed
    loser = printed[codes.index(REFUSED)]
    assert "error: trial is locked" in loser
    assert f"deploy {tags[codes.index(0)]}" in loser
    trial.whole(("two", "three")[codes.index(0)])


def test_second_deploy_waits_for_the_first(trial: Trial) -> None:
    first, second = trial.release("two"), trial.release("three")
    running = trial.start("deploy", f"--image={first}")
    wait_until(lambda: f"{trial.name}_lock" in trial.objects("config"), 60, "the lock of the first")

    printed = trial.swarm("deploy", f"--image={second}", "--wait-for-lock=120")

    told, _ = running.communicate(timeout=60)
    assert running.returncode == 0, told
    assert "waiting for " in printed
    trial.whole("three")


def test_lock_of_a_person(trial: Trial) -> None:
    trial.swarm("lock", "-m", "no deploys on Friday")
    try:
        assert "no deploys on Friday" in trial.deploy("two", code=REFUSED)
        assert "no deploys on Friday" in trial.swarm("status")
        assert "no deploys on Friday" in trial.swarm("lock", "-m", "mine", code=REFUSED)
    finally:
        trial.swarm("unlock")
    trial.whole("one")
