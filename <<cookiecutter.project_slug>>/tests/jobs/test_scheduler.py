"""The scheduler's loop: what it calls for, what it notes, how it starts and stops."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from << cookiecutter.project_slug >>.jobs import crontab, heartbeat, schedule, scheduler
from << cookiecutter.project_slug >>.jobs.lease import Lease
from << cookiecutter.project_slug >>.jobs.models import CrontabLine, Run
from << cookiecutter.project_slug >>.jobs.registry import Job
from << cookiecutter.project_slug >>.jobs.scheduler import LATE, Scheduler

from .conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 5, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class App:
    """Stands in for the app: remembers the calls, and answers as the test says."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, datetime]] = []
        self.seconds: list[float] = []
        self.answers = True
        self.call_instead: Callable[..., bool] | None = None

    def call(
        self,
        job: Job,
        parameters: Mapping[str, Any],
        scheduled: datetime,
        *,
        seconds: float,
        stop: threading.Event,
    ) -> bool:
        self.calls.append((job.name, scheduled))
        self.seconds.append(seconds)
        if self.call_instead:
            return self.call_instead(job, parameters)
        if self.answers:
            Run.objects.get_or_create(
                job=job.name,
                scheduled=scheduled,
                parameters=parameters,
                defaults={"state": Run.State.SUCCEEDED},
            )
            connection.close()
        return self.answers


class Clock:
    """Shows the time that the test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """The crontab is read in UTC, whatever the project's time zone."""
    monkeypatch.setattr(timezone, "get_default_timezone", lambda: UTC)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> App:
    app = App()
    monkeypatch.setattr(scheduler, "call", app.call)
    return app


@pytest.fixture
def clock() -> Clock:
    return Clock()


def started(text: str, clock: Clock) -> Scheduler:
    """A scheduler whose crontab has been there since START."""
    found = Scheduler(crontab.parse(text), clock)
    schedule.publish(crontab.parse(text), START)
    found.prepare()
    return found


def tick(scheduler: Scheduler, clock: Clock, now: datetime) -> None:
    """Look at the clock, and wait until what is due then has been dealt with."""
    clock.now = now
    before = set(threading.enumerate())
    scheduler.tick()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)


def skipped() -> list[tuple[datetime | None, str]]:
    return list(
        Run.objects.filter(state=Run.State.SKIPPED).order_by("pk").values_list("scheduled", "error")
    )


def test_each_due_time_is_called_for_once(app: App, clock: Clock) -> None:
    follows = started("* * * * * clear_sessions\n*/2 * * * * daily_report\n", clock)
    for second in range(0, 241, 20):
        tick(follows, clock, START + timedelta(seconds=second))

    assert sorted(app.calls) == [
        *(("clear_sessions", START + number * MINUTE) for number in (1, 2, 3, 4)),
        *(("daily_report", START + number * MINUTE) for number in (2, 4)),
    ]


def test_restart_notes_what_was_missed_and_calls_for_the_latest(app: App, clock: Clock) -> None:
    tick(started("* * * * * clear_sessions\n", clock), clock, START + MINUTE)
    clock.now = START + timedelta(minutes=5, seconds=30)

    tick(started("* * * * * clear_sessions\n", clock), clock, clock.now)

    assert [due for _, due in app.calls] == [START + MINUTE, START + 5 * MINUTE]
    ((due, reason),) = skipped()
    assert due == START + 4 * MINUTE
    assert reason.startswith("3 due times from 2026-05-01 00:02 UTC to 2026-05-01 00:04 UTC passed")


def test_due_time_of_long_ago_is_missed(app: App, clock: Clock) -> None:
    clock.now = START + timedelta(hours=5)
    tick(started("0 4 * * * daily_report\n", clock), clock, clock.now)

    assert app.calls == []
    ((due, reason),) = skipped()
    assert due == START + timedelta(hours=4)
    assert reason.startswith("the due time 2026-05-01 04:00 UTC passed: no scheduler was running")


def test_due_time_of_long_ago_is_made_up_for_when_its_line_says_so(app: App, clock: Clock) -> None:
    clock.now = START + timedelta(days=3, hours=5)
    tick(started("0 4 * * * daily_report --catch-up\n", clock), clock, clock.now)

    assert app.calls == [("daily_report", START + timedelta(days=3, hours=4))]
    assert [due for due, _ in skipped()] == [START + timedelta(days=2, hours=4)]


def test_new_line_has_missed_nothing(app: App) -> None:
    follows = Scheduler(crontab.parse("* * * * * clear_sessions\n"))
    follows.prepare()
    follows.tick()

    assert app.calls == []
    assert skipped() == []


def test_line_that_is_gone_is_forgotten(clock: Clock) -> None:
    started("1 1 * * * clear_sessions\n2 2 * * * clear_sessions\n", clock)
    started("2 2 * * * clear_sessions\n", clock)

    assert [row.expression for row in CrontabLine.objects.all()] == ["2 2 * * *"]


MONTH = timedelta(days=30)


def test_clock_put_forward_by_a_month_and_back_again_is_survived(app: App, clock: Clock) -> None:
    follows = started("* * * * * clear_sessions\n0 4 * * * daily_report --catch-up\n", clock)
    tick(follows, clock, START + MINUTE)
    tick(follows, clock, START + MONTH + MINUTE)
    app.calls.clear()

    for minute in (2, 3, 4 * 60):
        tick(follows, clock, START + minute * MINUTE)

    assert sorted(app.calls) == [
        ("clear_sessions", START + 2 * MINUTE),
        ("clear_sessions", START + 3 * MINUTE),
        ("clear_sessions", START + 4 * 60 * MINUTE),
        ("daily_report", START + 4 * 60 * MINUTE),
    ]


def test_scheduler_that_starts_after_a_wrong_clock_follows_the_right_one(
    app: App, clock: Clock
) -> None:
    """Both the lines and the runs that it finds are of the future."""
    text = "* * * * * clear_sessions\n"
    schedule.publish(crontab.parse(text), START + MONTH)
    for due in (START + MONTH, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)):
        Run.objects.create(job="clear_sessions", scheduled=due, started=due, state="succeeded")
    clock.now = START
    follows = Scheduler(crontab.parse(text), clock)
    follows.prepare()
    tick(follows, clock, START + MINUTE)

    assert [due for _, due in app.calls] == [START + MINUTE]
    assert CrontabLine.objects.get().since == START


def test_clock_put_back_a_little_repeats_nothing_that_ran(app: App, clock: Clock) -> None:
    follows = started("* * * * * clear_sessions\n", clock)
    for minute in range(1, 61):
        tick(follows, clock, START + minute * MINUTE)
    runs = Run.objects.count()
    for minute in range(30, 62):
        tick(follows, clock, START + minute * MINUTE)

    assert Run.objects.count() == runs + 1
    assert app.calls[-1] == ("clear_sessions", START + 61 * MINUTE)


def test_two_lines_of_one_job_take_turns(app: App, clock: Clock, make: Make) -> None:
    def work(lease: Lease, tenant: str) -> None:
        pass

    make(work)
    running: list[str] = []
    at_once: list[int] = []

    def call(job: Job, parameters: Mapping[str, Any], *_: Any, **__: Any) -> bool:
        running.append(parameters["tenant"])
        time.sleep(0.05)
        at_once.append(len(running))
        running.pop()
        return True

    app.call_instead = call
    text = "0 3 * * * test tenant=a\n0 */3 * * * test tenant=b\n0 3 * * * test tenant=c\n"
    tick(started(text, clock), clock, START + 3 * 60 * MINUTE)

    assert at_once == [1, 1, 1]
    assert app.calls == [("test", START + 3 * 60 * MINUTE)] * 3


def test_line_that_comes_too_late_behind_another_is_noted(
    app: App, clock: Clock, make: Make
) -> None:
    def work(lease: Lease, tenant: str) -> None:
        pass

    make(work)

    def call(*_: Any, **__: Any) -> bool:
        clock.now += 2 * LATE
        return True

    app.call_instead = call
    text = "0 3 * * * test tenant=a\n0 3 * * * test tenant=b\n"
    tick(started(text, clock), clock, START + 3 * 60 * MINUTE)

    missed = Run.objects.get(state=Run.State.SKIPPED)
    assert (missed.parameters, missed.scheduled) == ({"tenant": "b"}, START + 3 * 60 * MINUTE)
    assert "another line was at work" in missed.error


def test_app_that_is_away_is_asked_until_it_is_too_late(app: App, clock: Clock) -> None:
    app.answers = False
    follows = started("* * * * * clear_sessions\n0 0 * * * daily_report\n", clock)
    tick(follows, clock, START + MINUTE)
    tick(follows, clock, START + timedelta(days=1))

    # Until the next minute; and for the other line until five minutes after it was due.
    assert app.seconds[0] == 60
    assert LATE.total_seconds() in app.seconds
    assert {due for due, _ in skipped()} >= {START + MINUTE, START + timedelta(days=1)}


def test_what_cannot_be_noted_is_noted_later(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.answers = False
    follows = started("* * * * * clear_sessions\n", clock)
    with monkeypatch.context() as away:
        away.setattr(
            "<< cookiecutter.project_slug >>.jobs.missed.note_skipped",
            raise_outage,
        )
        tick(follows, clock, START + MINUTE)
    assert skipped() == []

    tick(follows, clock, START + 2 * MINUTE)

    assert [due for due, _ in skipped()] == [START + MINUTE, START + 2 * MINUTE]


def raise_outage(*_: Any) -> None:
    raise OperationalError("the server has gone")


def test_loop_beats_calls_and_stops(
    app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Also when the database is away at the start."""
    monkeypatch.setattr(heartbeat, "FILE", tmp_path / "heartbeat")
    monkeypatch.setattr(scheduler, "DATABASE_PAUSE", 0.05)
    outages = iter([True, True])
    publish = schedule.publish

    def publish_later(lines: list[crontab.Line], now: datetime) -> None:
        if next(outages, False):
            raise_outage()
        publish(lines, now)

    monkeypatch.setattr(schedule, "publish", publish_later)
    offset = timedelta(minutes=1) - timedelta(
        seconds=datetime.now(UTC).second, microseconds=datetime.now(UTC).microsecond
    )
    # The clock is put so that a minute begins in half a second.
    ahead = offset - timedelta(seconds=0.5)
    follows = Scheduler(
        crontab.parse("* * * * * clear_sessions\n"), lambda: datetime.now(UTC) + ahead
    )
    loop = threading.Thread(target=follows.run)
    loop.start()
    deadline = time.monotonic() + 10
    while not app.calls and time.monotonic() < deadline:
        time.sleep(0.02)
    healthy = heartbeat.main()
    follows.stop()
    loop.join(5)

    assert len(app.calls) == 1
    assert healthy == 0
    assert not loop.is_alive()


@pytest.mark.parametrize("content", [None, "", "no number", "0.0"])
def test_without_a_fresh_heartbeat_it_is_not_healthy(
    content: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    file = tmp_path / "heartbeat"
    monkeypatch.setattr(heartbeat, "FILE", file)
    if content is not None:
        file.write_text(content)

    assert heartbeat.main() == 1
