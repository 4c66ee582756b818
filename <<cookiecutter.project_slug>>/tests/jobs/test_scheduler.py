"""The scheduler: what it calls for, what it notes, how it starts and stops; and its calls, to a real server."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from << cookiecutter.project_slug >>.jobs import heartbeat, scheduler
from << cookiecutter.project_slug >>.jobs.calendar import LATE, Line, parse
from << cookiecutter.project_slug >>.jobs.lease import Lease
from << cookiecutter.project_slug >>.jobs.models import CrontabLine, Run
from << cookiecutter.project_slug >>.jobs.registry import Job
from << cookiecutter.project_slug >>.jobs.scheduler import Scheduler

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
    found = Scheduler(parse(text), clock)
    scheduler.publish(parse(text), START)
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
    follows = Scheduler(parse("* * * * * clear_sessions\n"))
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
    scheduler.publish(parse(text), START + MONTH)
    for due in (START + MONTH, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)):
        Run.objects.create(job="clear_sessions", scheduled=due, started=due, state="succeeded")
    clock.now = START
    follows = Scheduler(parse(text), clock)
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
            "<< cookiecutter.project_slug >>.jobs.scheduler.note_skipped",
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
    publish = scheduler.publish

    def publish_later(lines: list[Line], now: datetime) -> None:
        if next(outages, False):
            raise_outage()
        publish(lines, now)

    monkeypatch.setattr(scheduler, "publish", publish_later)
    offset = timedelta(minutes=1) - timedelta(
        seconds=datetime.now(UTC).second, microseconds=datetime.now(UTC).microsecond
    )
    # The clock is put so that a minute begins in half a second.
    ahead = offset - timedelta(seconds=0.5)
    follows = Scheduler(parse("* * * * * clear_sessions\n"), lambda: datetime.now(UTC) + ahead)
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


DUE = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Server:
    """Answers with the statuses that the test gives it, the last one for ever."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.requests: list[dict[str, Any]] = []
        self.keys: set[str] = set()

    def answer(self, key: str, request: dict[str, Any]) -> int:
        self.requests.append(request)
        if self.keys and key not in self.keys:
            return 401
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers["Authorization"].removeprefix("Bearer ")
            status = server.answer(key, {"path": self.path, "body": body, **self.headers})
            if status:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setattr(scheduler, "FIRST_PAUSE", 0.01)
    settings.CRON_URL = f"http://127.0.0.1:{listener.server_port}"
    settings.CRON_API_KEY, settings.CRON_API_KEY_PREVIOUS = "new", ""
    settings.ALLOWED_HOSTS = ["example.com"]
    yield server
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.fixture
def job(make: Make) -> Job:
    def work(lease: Lease, days: int = 1) -> None:
        pass

    return make(work)


def call(job: Job, seconds: float = 10, stop: threading.Event | None = None) -> bool:
    return scheduler.call(job, {"days": 3}, DUE, seconds=seconds, stop=stop or threading.Event())


def test_call_says_what_and_when(server: Server, job: Job) -> None:
    assert call(job)

    (request,) = server.requests
    assert request["path"] == "/api/cron/test"
    assert request["body"] == {"days": 3}
    assert request["Authorization"] == "Bearer new"
    assert request["X-Scheduled"] == "2026-05-01T12:00:00+00:00"
    assert request["Host"] == "example.com"
    assert request["X-Forwarded-Proto"] == "https"


@pytest.mark.parametrize("status", [200, 400, 409, 500, 504])
def test_answer_of_the_app_is_final(server: Server, job: Job, status: int) -> None:
    server.statuses = [status]

    assert call(job)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [0, 401, 404, 429, 502, 503])
def test_app_that_cannot_answer_yet_is_asked_again(server: Server, job: Job, status: int) -> None:
    server.statuses = [status, status, 200]

    assert call(job)
    assert len(server.requests) == 3


def test_pause_between_two_tries_doubles(
    server: Server, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.statuses = [503] * 6 + [200]
    pauses: list[float] = []
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", pauses.append)
    monkeypatch.setattr(scheduler, "LONGEST_PAUSE", 0.05)
    call(job, stop=stop)

    assert pauses == [0.01, 0.02, 0.04, 0.05, 0.05, 0.05]


def test_it_gives_up_when_its_time_is_over(server: Server, job: Job) -> None:
    server.statuses = [503]

    assert not call(job, seconds=0.1)
    assert 2 <= len(server.requests) <= 5


def test_app_that_is_not_there(settings: Settings, job: Job, server: Server) -> None:
    settings.CRON_URL = "http://127.0.0.1:1"

    assert not call(job, seconds=0)


def test_stop_ends_the_waiting(server: Server, job: Job) -> None:
    server.statuses = [503]
    stop = threading.Event()
    stop.set()

    assert not call(job, seconds=1000, stop=stop)
    assert len(server.requests) == 1


@pytest.mark.parametrize("accepted", [{"old"}, {"old", "new"}])
def test_no_call_fails_while_the_key_is_replaced(
    server: Server, job: Job, settings: Settings, accepted: set[str]
) -> None:
    """Some replicas know the old key only, the others both."""
    settings.CRON_API_KEY_PREVIOUS = "old"
    server.keys = accepted

    assert call(job)
    assert len(server.requests) == 1


def test_new_key_is_used_when_the_old_one_is_refused(
    server: Server, job: Job, settings: Settings
) -> None:
    settings.CRON_API_KEY_PREVIOUS = "old"
    server.keys = {"new"}

    assert call(job)
    assert [request["Authorization"] for request in server.requests] == ["Bearer old", "Bearer new"]


def test_the_real_app_runs_the_job_once(
    live_server: LiveServer, settings: Settings, job: Job, client: Client
) -> None:
    settings.CRON_URL = live_server.url
    settings.ALLOWED_HOSTS = ["localhost"]

    assert call(job)
    assert call(job)

    run = Run.objects.get()
    assert (run.state, run.trigger, run.scheduled) == ("succeeded", "schedule", DUE)
    assert run.parameters == {"days": 3}
