"""The cron service: each due time has one run, whatever becomes of the scheduler."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.harness.stack import Stack

from .client import Client

pytestmark = pytest.mark.swarm

JOBS = [f"tick{number}" for number in (1, 2, 3, 4, 5)]
MINUTE = timedelta(minutes=1)


def next_minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) + MINUTE


def states(stack: Stack, due: datetime) -> dict[str, str]:
    """Return the state of each job's run for a due time."""
    rows = stack.sql(f"SELECT job, state FROM jobs_run WHERE scheduled = '{due.isoformat()}'")  # noqa: S608
    found = [row.split("|") for row in rows.splitlines()]
    assert len(dict(found)) == len(found)
    return dict(found)


def wait_for(stack: Stack, due: datetime, states_wanted: set[str]) -> None:
    """Wait until every job has one run for a due time, in one of these states."""

    def all_there() -> bool:
        found = states(stack, due)
        return set(found) == set(JOBS) and set(found.values()) <= states_wanted

    seconds = (due - datetime.now(UTC)).total_seconds() + 50
    wait_until(all_there, max(seconds, 1), f"a run of each job for {due:%H:%M}")


def test_three_minutes_of_five_jobs(stack: Stack) -> None:
    first = next_minute()
    for due in (first, first + MINUTE, first + 2 * MINUTE):
        wait_for(stack, due, {"succeeded"})

    during = f"FROM jobs_run WHERE scheduled BETWEEN '{first}' AND '{first + 2 * MINUTE}'"
    assert stack.sql(f"SELECT count(*) {during}") == "15"
    late = stack.sql(f"SELECT extract(epoch FROM max(started - scheduled)) {during}")  # noqa: S608
    # Far below the minute after which the next one would be due.
    assert float(late) < 30


def test_killed_scheduler_is_replaced_and_misses_nothing(stack: Stack) -> None:
    due = next_minute()
    # Right before the minute, so that it is not there when it comes.
    time.sleep(max(0, (due - datetime.now(UTC)).total_seconds() - 1))
    docker("kill", "--signal=KILL", stack.container("cron"))

    wait_for(stack, due, {"succeeded"})
    stack.wait_until_healthy()


def test_what_a_wrong_clock_left_in_the_database_stops_nothing(stack: Stack) -> None:
    """Runs, a line and a lease of a month that is still to come, and a run of the last year there is."""
    month = "now() + interval '30 days'"
    for job, due in (("tick1", month), ("tick2", "'9999-12-31 23:59:59+00'"), ("tick3", "'infinity'")):
        stack.sql(
            "INSERT INTO jobs_run (job, trigger, parameters, scheduled, started, state, result, error,"  # noqa: S608
            " output, replica, release, token)"
            f" VALUES ('{job}', 'schedule', '{{}}', {due}, {due}, 'succeeded', '', '', '', '', '', 0)"
        )
    stack.sql(f"UPDATE jobs_crontabline SET since = {month} WHERE job = 'tick4'")  # noqa: S608
    stack.sql(f"UPDATE jobs_leaserecord SET taken = {month}, expires = {month} WHERE job = 'tick5'")  # noqa: S608
    docker("kill", "--signal=KILL", stack.container("cron"))

    wait_for(stack, next_minute(), {"succeeded"})
    stack.wait_until_healthy()
    stack.sql("DELETE FROM jobs_run WHERE scheduled > now() + interval '1 day'")


def test_due_times_without_a_scheduler_are_noted(stack: Stack) -> None:
    docker("service", "scale", "--detach", f"{stack.name}_cron=0")
    wait_until(lambda: not stack.containers("cron"), 30, "the end of the scheduler")
    missed, latest = next_minute(), next_minute() + MINUTE
    time.sleep((latest - datetime.now(UTC)).total_seconds() + 1)
    docker("service", "scale", "--detach", f"{stack.name}_cron=1")

    wait_for(stack, latest, {"succeeded"})
    assert set(states(stack, missed).values()) == {"skipped"}


def test_wrong_crontab_stops_the_rollout(stack: Stack, project: Path) -> None:
    crontab = project / "deploy" / "configs" / "all" / "crontab"
    right = crontab.read_text()
    scheduler = stack.container("cron")
    crontab.write_text(f"{right}61 * * * * tick1\n")
    try:
        stack.deploy({"crontab": "crontab_2"})
        name = f"{stack.name}_cron"
        line = "crontab, line 6: '61 * * * *': bad minute"
        # It is an error, so it is on standard error.
        logs = ("service", "logs", "--raw", name)
        wait_until(lambda: line in docker(*logs).stderr, 60, "the reason in the log of cron")
        state = "--format={{.UpdateStatus.State}}"
        wait_until(
            lambda: docker("service", "inspect", state, name).stdout.strip() == "rollback_completed",
            60,
            "the rollback",
        )
        assert stack.container("cron") == scheduler
    finally:
        crontab.write_text(right)
        stack.deploy({"crontab": "crontab_1"})


def test_monitor_sees_what_the_scheduler_does(client: Client, stack: Stack) -> None:
    wait_for(stack, next_minute(), {"succeeded"})
    answer = client.states()
    state = {one["job"]: one for one in answer.body["jobs"]}["tick1"]

    assert answer.status == 200
    assert state["last_run"]["state"] == "succeeded"
    assert not state["overdue"]
    assert datetime.fromisoformat(state["next_due"]) == next_minute()
