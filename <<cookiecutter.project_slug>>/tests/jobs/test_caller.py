"""The scheduler's calls, to a server of the test's own."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from << cookiecutter.project_slug >>.jobs import caller
from << cookiecutter.project_slug >>.jobs.lease import Lease
from << cookiecutter.project_slug >>.jobs.models import Run
from << cookiecutter.project_slug >>.jobs.registry import Job

from .conftest import Make

DUE = datetime(2026, 5, 1, 12, tzinfo=UTC)


class App:
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
def app(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    app = App()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers["Authorization"].removeprefix("Bearer ")
            status = app.answer(key, {"path": self.path, "body": body, **self.headers})
            if status:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setattr(caller, "FIRST_PAUSE", 0.01)
    settings.CRON_URL = f"http://127.0.0.1:{server.server_port}"
    settings.CRON_API_KEY, settings.CRON_API_KEY_PREVIOUS = "new", ""
    settings.ALLOWED_HOSTS = ["example.com"]
    yield app
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def job(make: Make) -> Job:
    def work(lease: Lease, days: int = 1) -> None:
        pass

    return make(work)


def call(job: Job, seconds: float = 10, stop: threading.Event | None = None) -> bool:
    return caller.call(job, {"days": 3}, DUE, seconds=seconds, stop=stop or threading.Event())


def test_call_says_what_and_when(app: App, job: Job) -> None:
    assert call(job)

    (request,) = app.requests
    assert request["path"] == "/api/cron/test"
    assert request["body"] == {"days": 3}
    assert request["Authorization"] == "Bearer new"
    assert request["X-Scheduled"] == "2026-05-01T12:00:00+00:00"
    assert request["Host"] == "example.com"
    assert request["X-Forwarded-Proto"] == "https"


@pytest.mark.parametrize("status", [200, 400, 409, 500, 504])
def test_answer_of_the_app_is_final(app: App, job: Job, status: int) -> None:
    app.statuses = [status]

    assert call(job)
    assert len(app.requests) == 1


@pytest.mark.parametrize("status", [0, 401, 404, 429, 502, 503])
def test_app_that_cannot_answer_yet_is_asked_again(app: App, job: Job, status: int) -> None:
    app.statuses = [status, status, 200]

    assert call(job)
    assert len(app.requests) == 3


def test_pause_between_two_tries_doubles(
    app: App, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.statuses = [503] * 6 + [200]
    pauses: list[float] = []
    stop = threading.Event()
    monkeypatch.setattr(stop, "wait", pauses.append)
    monkeypatch.setattr(caller, "LONGEST_PAUSE", 0.05)
    call(job, stop=stop)

    assert pauses == [0.01, 0.02, 0.04, 0.05, 0.05, 0.05]


def test_it_gives_up_when_its_time_is_over(app: App, job: Job) -> None:
    app.statuses = [503]

    assert not call(job, seconds=0.1)
    assert 2 <= len(app.requests) <= 5


def test_app_that_is_not_there(settings: Settings, job: Job, app: App) -> None:
    settings.CRON_URL = "http://127.0.0.1:1"

    assert not call(job, seconds=0)


def test_stop_ends_the_waiting(app: App, job: Job) -> None:
    app.statuses = [503]
    stop = threading.Event()
    stop.set()

    assert not call(job, seconds=1000, stop=stop)
    assert len(app.requests) == 1


@pytest.mark.parametrize("accepted", [{"old"}, {"old", "new"}])
def test_no_call_fails_while_the_key_is_replaced(
    app: App, job: Job, settings: Settings, accepted: set[str]
) -> None:
    """Some replicas know the old key only, the others both."""
    settings.CRON_API_KEY_PREVIOUS = "old"
    app.keys = accepted

    assert call(job)
    assert len(app.requests) == 1


def test_new_key_is_used_when_the_old_one_is_refused(
    app: App, job: Job, settings: Settings
) -> None:
    settings.CRON_API_KEY_PREVIOUS = "old"
    app.keys = {"new"}

    assert call(job)
    assert [request["Authorization"] for request in app.requests] == ["Bearer old", "Bearer new"]


@pytest.mark.django_db(transaction=True)
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
