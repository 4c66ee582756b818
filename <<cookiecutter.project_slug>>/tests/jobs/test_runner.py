"""Runs: what is recorded, whatever becomes of the job."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from pytest_django import Settings

from << cookiecutter.project_slug >>.jobs import history, runner
from << cookiecutter.project_slug >>.jobs.history import AlreadyRanError
from << cookiecutter.project_slug >>.jobs.lease import HeldError, Lease, take
from << cookiecutter.project_slug >>.jobs.models import CrontabLine, LeaseRecord, Run
from << cookiecutter.project_slug >>.jobs.registry import Job

from .conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)

State = Run.State
logger = logging.getLogger("somewhere")
DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PAUSE", 0.02)


def run(job: Job, scheduled: datetime | None = None) -> Run:
    record = runner.run(job, {}, trigger=Run.Trigger.API, scheduled=scheduled)
    # What is told is what is stored.
    assert Run.objects.get(pk=record.pk).state == record.state
    return record


def is_free(job: Job) -> bool:
    return not LeaseRecord.objects.filter(job=job.name, expires__gt=timezone.now()).exists()


def wait_until_free(job: Job) -> None:
    deadline = time.monotonic() + 10
    while not is_free(job):
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Endless:
    """A job that works until its lease says stop, or the test does."""

    def __init__(self) -> None:
        self.working = threading.Event()
        self.release = threading.Event()

    def work(self, lease: Lease) -> None:
        self.working.set()
        while not self.release.wait(0.02):
            lease.check()


def test_success_is_recorded(make: Make, settings: Settings) -> None:
    settings.RELEASE, settings.REPLICA = "abc123", "replica-1"

    def work(lease: Lease) -> str:
        logger.info("halfway")
        return "3 things done"

    job = make(work)
    record = Run.objects.get(pk=run(job).pk)

    assert (record.state, record.result, record.error) == (State.SUCCEEDED, "3 things done", "")
    assert "INFO halfway" in record.output
    assert (record.release, record.replica, record.trigger) == ("abc123", "replica-1", "api")
    assert record.ended is not None
    assert record.duration == record.ended - record.started
    assert is_free(job)


def test_output_of_another_thread_is_not_ours(make: Make) -> None:
    def work(lease: Lease) -> None:
        other = threading.Thread(target=lambda: logger.warning("elsewhere"))
        other.start()
        other.join()
        logger.warning("here")

    output = run(make(work)).output

    assert "here" in output
    assert "elsewhere" not in output


def test_failure_is_recorded_with_its_traceback(make: Make) -> None:
    def work(lease: Lease) -> None:
        raise RuntimeError("no paper\0")

    job = make(work)
    record = run(job)

    assert record.state == State.FAILED
    assert "Traceback" in record.error
    assert record.error.endswith("RuntimeError: no paper\n")
    assert is_free(job)


@pytest.mark.parametrize("reason", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_job_that_ends_its_thread_has_failed_at_once(make: Make, reason: BaseException) -> None:
    def work(lease: Lease) -> None:
        raise reason

    record = run(make(work, timeout=10))

    assert record.state == State.FAILED
    assert type(reason).__name__ in record.error
    assert record.duration is not None
    assert record.duration < timedelta(seconds=5)


def test_what_no_database_stores_is_replaced(make: Make) -> None:
    """As in the name of a file that is no UTF-8."""

    def work(lease: Lease) -> str:
        logger.info("read \udcff")
        return "wrote \udcff"

    record = Run.objects.get(pk=run(make(work)).pk)

    assert record.result == "wrote ?"
    assert "read ?" in record.output


def test_second_run_is_refused_and_its_due_time_noted(make: Make) -> None:
    endless = Endless()
    job = make(endless.work)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run_in_thread, job)
        endless.working.wait(10)

        with pytest.raises(HeldError):
            run(job)
        with pytest.raises(HeldError):
            run(job, DUE)
        endless.release.set()

    assert first.result().state == State.SUCCEEDED
    skipped = Run.objects.get(state=State.SKIPPED)
    assert skipped.scheduled == DUE
    assert "already running" in skipped.error


def run_in_thread(job: Job) -> Run:
    try:
        return run(job)
    finally:
        connection.close()


def test_due_time_has_one_run(make: Make) -> None:
    runs: list[Lease] = []
    job = make(runs.append)
    run(job, DUE)

    with pytest.raises(AlreadyRanError):
        run(job, DUE)

    assert len(runs) == 1
    assert is_free(job)
    assert run(job, DUE + timedelta(minutes=1)).state == State.SUCCEEDED


def test_due_time_that_a_wrong_clock_used_up_is_given_back(make: Make) -> None:
    """The clock was a month ahead, ran the job, and was put back: now the month is over."""
    job, due = make(lambda lease: None), timezone.now()
    for started in (due, due - timedelta(days=29)):
        Run.objects.create(job="test", scheduled=started, started=started, state=State.SUCCEEDED)

    assert run(job, due).state == State.SUCCEEDED
    with pytest.raises(AlreadyRanError):
        run(job, due)

    assert Run.objects.filter(job="test").count() == 3


def test_due_time_is_not_given_back_to_a_clock_that_was_put_back_a_little(make: Make) -> None:
    job, due = make(lambda lease: None), timezone.now()
    for started in (due, due - timedelta(hours=3)):
        Run.objects.create(job="test", scheduled=started, started=started, state=State.SUCCEEDED)

    with pytest.raises(AlreadyRanError):
        run(job, due)


def test_orphan_of_a_wrong_clock_did_not_end_in_the_future(make: Make) -> None:
    job = make(lambda lease: None)
    orphan, _ = history.begin(job, {}, Run.Trigger.API, None)
    month = timezone.now() + timedelta(days=30)
    LeaseRecord.objects.update(taken=month, expires=month + timedelta(seconds=60))

    assert run(job).state == State.SUCCEEDED

    orphan.refresh_from_db()
    assert orphan.ended is not None
    assert orphan.ended <= timezone.now()


def test_orphan_is_interrupted_when_the_next_run_starts(make: Make) -> None:
    job = make(lambda lease: None)
    orphan, _ = history.begin(job, {}, Run.Trigger.API, None)
    died = timezone.now() - timedelta(seconds=5)
    LeaseRecord.objects.update(expires=died)
    Run.objects.update(started=died - timedelta(seconds=60))

    run(job)

    orphan.refresh_from_db()
    assert orphan.state == State.INTERRUPTED
    assert orphan.ended == died
    assert orphan.duration == timedelta(seconds=60)
    assert "runner died" in orphan.error


def test_run_that_lost_its_lease_cannot_record_success(make: Make) -> None:
    """As after a pause that was longer than the lease: another run has taken over."""

    def work(lease: Lease) -> str:
        LeaseRecord.objects.update(expires=timezone.now() - timedelta(seconds=1))
        second, _ = history.begin(job, {}, Run.Trigger.API, None)
        assert second.token
        return "done"

    job = make(work)
    record = run(job)

    assert record.state == State.INTERRUPTED
    assert "lost its lease" in record.error
    assert "done" in record.error
    first, second = Run.objects.order_by("pk")
    assert (first.state, second.state) == (State.INTERRUPTED, State.RUNNING)
    assert not is_free(job)


def test_timeout_is_recorded_and_check_stops_the_job(make: Make) -> None:
    endless = Endless()
    job = make(endless.work, timeout=0.1)
    record = run(job)

    assert record.state == State.TIMED_OUT
    assert record.error == "It took longer than 0.1 s."
    # The job has noticed, and did not wait for the lease to run out.
    wait_until_free(job)
    record.refresh_from_db()
    assert record.state == State.TIMED_OUT


def test_job_that_stops_before_its_timeout_is_recorded_does_not_undo_that(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = history.end

    def end_later(*arguments: Any, **options: Any) -> None:
        # By now the job has noticed.
        time.sleep(0.3)
        end(*arguments, **options)

    monkeypatch.setattr(history, "end", end_later)
    job = make(Endless().work, timeout=0.1)

    assert run(job).state == State.TIMED_OUT
    wait_until_free(job)


def test_job_that_hangs_keeps_its_lease_until_it_runs_out(make: Make) -> None:
    hang = threading.Event()
    job = make(lambda lease: bool(hang.wait(10)) and None, lease=0.6, timeout=0.1)
    try:
        assert run(job).state == State.TIMED_OUT
        with pytest.raises(HeldError):
            take(job)
        wait_until_free(job)
        assert not hang.is_set()
    finally:
        hang.set()


def test_long_job_keeps_its_lease(make: Make) -> None:
    endless = Endless()
    job = make(endless.work, lease=1.5)
    threading.Timer(3, endless.release.set).start()

    assert run(job).state == State.SUCCEEDED


def test_job_that_ends_within_its_grace_period_succeeds(
    make: Make, told_to_end: threading.Event, settings: Settings
) -> None:
    settings.JOBS_GRACE_SECONDS = 10

    def work(lease: Lease) -> None:
        told_to_end.set()
        time.sleep(0.3)
        lease.check()

    assert run(make(work)).state == State.SUCCEEDED


def test_job_that_does_not_is_interrupted(
    make: Make, told_to_end: threading.Event, settings: Settings
) -> None:
    settings.JOBS_GRACE_SECONDS = 0.2
    endless = Endless()

    def work(lease: Lease) -> None:
        time.sleep(0.1)
        told_to_end.set()
        endless.work(lease)

    job = make(work)
    record = run(job)

    assert record.state == State.INTERRUPTED
    assert record.error == "The process that ran it was told to end."
    assert record.duration is not None
    assert record.duration.total_seconds() >= 0.3
    wait_until_free(job)


class Outage:
    """A database that fails so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if "leaserecord" in sql and sql.startswith("UPDATE") and self.times:
            self.times -= 1
            raise OperationalError("the server has gone")
        return execute(sql, params, many, context)


def test_outage_shorter_than_the_lease_does_no_harm(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless()
    job = make(endless.work, lease=4)
    record, lease = history.begin(job, {}, Run.Trigger.API, None)
    monkeypatch.setattr(history, "begin", lambda *_: (record, lease))
    threading.Timer(3, endless.release.set).start()
    outage = Outage(5)
    # Closing the connection would end the outage too early.
    monkeypatch.setattr(connection, "close", lambda: None)
    with connection.execute_wrapper(outage):
        assert run(job).state == State.SUCCEEDED

    assert outage.times == 0


def test_outcome_is_lost_with_the_database(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make(lambda lease: None, lease=0.3)
    record, lease = history.begin(job, {}, Run.Trigger.API, None)
    monkeypatch.setattr(history, "begin", lambda *_: (record, lease))
    monkeypatch.setattr(connection, "close", lambda: None)
    with connection.execute_wrapper(Outage(1000)):
        told = runner.run(job, {}, trigger=Run.Trigger.API)

    assert told.state == State.INTERRUPTED
    assert Run.objects.get(pk=record.pk).state == State.RUNNING
    run(job)
    assert Run.objects.get(pk=record.pk).state == State.INTERRUPTED


def test_old_runs_are_pruned(make: Make, settings: Settings) -> None:
    settings.JOBS_KEEP_DAYS = 7
    job = make(lambda lease: None)
    old, young = (
        Run.objects.create(
            job="test", state=State.SUCCEEDED, started=timezone.now() - timedelta(days=days)
        )
        for days in (8, 6)
    )
    run(job)

    assert not Run.objects.filter(pk=old.pk).exists()
    assert Run.objects.filter(pk=young.pk).exists()


def test_clock_that_is_a_month_ahead_does_not_cost_the_history(make: Make) -> None:
    job = make(lambda lease: None)
    for days in range(100, 160):
        started = timezone.now() - timedelta(days=days)
        Run.objects.create(job="test", state=State.SUCCEEDED, started=started)
    run(job)

    left = Run.objects.order_by("started")
    assert left.count() == 60 - history.REMOVED_AT_ONCE + 1
    # The oldest have gone first.
    assert (timezone.now() - left[0].started).days == 160 - history.REMOVED_AT_ONCE - 1


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.SKIPPED, State.RUNNING])
def test_old_runs_of_jobs_that_are_gone_are_pruned(make: Make, state: State) -> None:
    Run.objects.create(job="gone", state=state, started=timezone.now() - timedelta(days=100))
    run(make(lambda lease: None))

    assert not Run.objects.filter(job="gone").exists()


def test_old_runs_of_a_job_that_is_only_skipped_are_pruned() -> None:
    Run.objects.create(job="x", state=State.SKIPPED, started=timezone.now() - timedelta(days=100))
    history.note_skipped("x", {}, DUE, "no reason")

    assert Run.objects.get().scheduled == DUE


class Recycled:
    """A process that its server recycles whenever no job runs in it."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def try_to_end(self) -> None:
        runner.unless_a_job_runs(self.ended.set)


def test_process_is_not_recycled_while_a_job_runs(make: Make) -> None:
    process, endless = Recycled(), Endless()
    job = make(endless.work)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run_in_thread, job)
        endless.working.wait(10)
        process.try_to_end()
        assert not process.ended.is_set()
        endless.release.set()

    assert first.result().state == State.SUCCEEDED
    process.try_to_end()
    assert process.ended.is_set()


def test_process_is_recycled_after_the_timeout_of_a_job_that_hangs(make: Make) -> None:
    process, hang = Recycled(), threading.Event()
    job = make(lambda lease: bool(hang.wait(10)) and None, timeout=0.1)
    try:
        assert run(job).state == State.TIMED_OUT
        process.try_to_end()
        assert process.ended.is_set()
    finally:
        hang.set()


def test_many_threads_one_run(make: Make) -> None:
    """The job works until all others have their answer, so no second run can be in order."""
    endless = Endless()
    job = make(endless.work, timeout=300)
    refused = threading.Semaphore(0)

    def attempt(_: int) -> str:
        try:
            return run_in_thread(job).state
        except HeldError:
            refused.release()
            return "held"
        finally:
            connection.close()

    with ThreadPoolExecutor(21) as pool:
        answers = pool.map(attempt, range(20))
        all_others = all(refused.acquire(timeout=120) for _ in range(19))
        endless.release.set()

    assert all_others
    assert sorted(answers) == ["held"] * 19 + ["succeeded"]
    assert Run.objects.count() == 1


def test_names_in_lists() -> None:
    assert str(Run(job="import", pk=7)) == "import 7"
    assert str(LeaseRecord(job="import")) == "import"
    assert str(CrontabLine(job="import", expression="@daily")) == "@daily import"


def test_rows_of_an_older_version_are_still_there_after_its_update() -> None:
    """A line had one row whatever its parameters, and a skipped run had none."""
    executor = MigrationExecutor(connection)
    executor.migrate([("jobs", "0001_initial")])
    try:
        old = executor.loader.project_state([("jobs", "0001_initial")]).apps
        for scheduled, state in ((DUE, "succeeded"), (DUE + timedelta(hours=1), "skipped")):
            old.get_model("jobs", "Run").objects.create(
                job="test", scheduled=scheduled, state=state, parameters={"days": 3}
            )
        old.get_model("jobs", "CrontabLine").objects.create(job="test", expression="@daily")
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("jobs"))

    assert list(Run.objects.order_by("pk").values_list("scheduled", "state", "parameters")) == [
        (DUE, "succeeded", {"days": 3}),
        (DUE + timedelta(hours=1), "skipped", {"days": 3}),
    ]
    assert CrontabLine.objects.get().parameters == {}
