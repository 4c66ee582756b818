"""`/api/cron/`: who may call it, and what it answers."""

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from << cookiecutter.project_slug >>.jobs import api, runner
from << cookiecutter.project_slug >>.jobs.lease import Lease
from << cookiecutter.project_slug >>.jobs.models import CrontabLine, Run

from .conftest import Make

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "the key"


@pytest.fixture(autouse=True)
def prepare(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CRON_API_KEY, settings.CRON_API_KEY_PREVIOUS = KEY, ""
    monkeypatch.setattr(runner, "PAUSE", 0.02)
    cache.clear()


def post(path: str, body: Any = None, *, key: str = KEY, **headers: str) -> "Response":
    """Call as the scheduler does; CSRF is checked as for any client."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    content = body if isinstance(body, (bytes, str)) else json.dumps(body) if body else b""
    return client.post(
        path,
        content,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", **headers},
    )


def get(path: str, **headers: str) -> "Response":
    return Client().get(path, headers=headers)


def test_success(make: Make) -> None:
    make(lambda lease: "3 things done")
    response = post("/api/cron/test")

    run = Run.objects.get()
    answer = json.loads(response.content)
    assert response.status_code == 200
    assert answer == {
        "run": run.pk,
        "job": "test",
        "state": "succeeded",
        "started": answer["started"],
        "duration": answer["duration"],
        "result": "3 things done",
    }
    assert answer["duration"] >= 0
    assert run.trigger == "api"
    assert "no-store" in response["Cache-Control"]


def test_failure_tells_the_run_but_no_detail(make: Make) -> None:
    make(lambda lease: 1 / 0)
    response = post("/api/cron/test")

    assert response.status_code == 500
    assert json.loads(response.content)["run"] == Run.objects.get().pk
    assert b"division" not in response.content


def test_timeout(make: Make) -> None:
    hang = threading.Event()

    def work(lease: Lease) -> None:
        hang.wait(10)

    make(work, timeout=0.1)
    response = post("/api/cron/test")
    hang.set()

    assert response.status_code == 504
    assert json.loads(response.content)["state"] == "timed_out"


def test_interruption(make: Make, told_to_end: threading.Event, settings: Settings) -> None:
    settings.JOBS_GRACE_SECONDS = 0
    hang = threading.Event()

    def work(lease: Lease) -> None:
        told_to_end.set()
        hang.wait(10)

    make(work)
    response = post("/api/cron/test")
    hang.set()

    assert response.status_code == 503
    assert json.loads(response.content)["state"] == "interrupted"


def test_process_that_is_about_to_end_begins_no_job(
    make: Make, told_to_end: threading.Event
) -> None:
    """Another one will: the scheduler asks again."""
    make(lambda lease: None)
    told_to_end.set()
    response = post("/api/cron/test", **{"X-Scheduled": "2026-05-01T12:00:00+00:00"})

    assert response.status_code == 503
    assert json.loads(response.content) == {"error": "this process is about to end"}
    assert not Run.objects.exists()


def test_second_call_gets_the_age_of_the_first(make: Make) -> None:
    working, release = threading.Event(), threading.Event()

    def work(lease: Lease) -> None:
        working.set()
        release.wait(10)

    make(work)

    def first() -> int:
        try:
            return post("/api/cron/test").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(first)
        working.wait(10)
        second = post("/api/cron/test")
        release.set()

    assert answer.result() == 200
    assert second.status_code == 409
    assert 0 <= json.loads(second.content)["age"] < 10
    assert Run.objects.count() == 1


def test_due_time_gets_one_run(make: Make) -> None:
    make(lambda lease: None)
    statuses = [
        post("/api/cron/test", **{"X-Scheduled": "2026-05-01T12:00:00+00:00"}).status_code,
        # The same moment, said otherwise.
        post("/api/cron/test", **{"X-Scheduled": "2026-05-01T14:00:00+02:00"}).status_code,
    ]

    assert statuses == [200, 409]
    assert Run.objects.get().scheduled == datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_due_times_of_lines_that_say_different_things_each_get_a_run(make: Make) -> None:
    def work(lease: Lease, tenant: str) -> None:
        pass

    make(work)
    due = {"X-Scheduled": "2026-05-01T12:00:00+00:00"}
    statuses = [
        post("/api/cron/test", {"tenant": tenant}, **due).status_code for tenant in ("a", "b", "a")
    ]

    assert statuses == [200, 200, 409]


def test_due_time_may_be_as_far_ahead_as_clocks_differ(make: Make) -> None:
    make(lambda lease: None)
    soon = timezone.now() + timedelta(seconds=30)

    assert post("/api/cron/test", **{"X-Scheduled": soon.isoformat()}).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "9999-12-31T23:59:59+00:00",
        "9999-12-31T23:59:59-23:00",
        (timezone.now() + timedelta(days=30)).isoformat(),
        "",
        "now",
        "2026-05-01",
        "2026-05-01T12:00:00",
        "2026-13-01T12:00:00Z",
        "0001-01-01T00:00:00+23:00",
    ],
)
def test_wrong_due_time_is_refused(make: Make, header: str) -> None:
    make(lambda lease: None)

    assert post("/api/cron/test", **{"X-Scheduled": header}).status_code == 400
    assert not Run.objects.exists()


def test_parameters_reach_the_job(make: Make) -> None:
    def work(lease: Lease, days: int) -> str:
        return f"{days} days"

    make(work)

    assert json.loads(post("/api/cron/test", {"days": 3}).content)["result"] == "3 days"
    assert Run.objects.get().parameters == {"days": 3}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "the body is not JSON"),
        (b"\xff", "the body is not JSON"),
        (b"[" * 100_000, "the body is not JSON"),
        (b"[]", "the body must be a JSON object"),
        (b"null", "the body must be a JSON object"),
        (b"{}", "test needs the parameter 'days'"),
        (b'{"days": "3"}', "days must be int, not str"),
        (b'{"days": 3, "name": "\\ud800"}', "name must not contain half of a surrogate pair"),
        (b'{"days": 3, "hours": 1}', "test has no parameter 'hours'"),
    ],
)
def test_any_other_body_is_refused(make: Make, body: bytes, problem: str) -> None:
    def work(lease: Lease, days: int, name: str = "") -> None:
        pass

    make(work)
    response = post("/api/cron/test", body)

    assert response.status_code == 400
    assert json.loads(response.content)["error"].startswith(problem)
    assert not Run.objects.exists()


def test_unknown_job() -> None:
    assert post("/api/cron/unknown").status_code == 404


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_other_methods_are_refused(make: Make, method: str) -> None:
    make(lambda lease: None)
    call = getattr(Client(enforce_csrf_checks=True), method)

    assert call("/api/cron/test", headers={"Authorization": f"Bearer {KEY}"}).status_code == 405
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer the ke",
        "Bearer the key and more",
        "Basic the key",
        "the key",
        f"Bearer {'x' * 100_000}",
        "Bearer schlüssel",
        "Bearer 鍵",
    ],
)
@pytest.mark.parametrize("path", ["/api/cron/", "/api/cron/clear_sessions", "/api/cron/unknown"])
def test_wrong_key_is_refused_without_a_reason(path: str, header: str) -> None:
    headers = {"Authorization": header}
    answers = [Client().get(path, headers=headers), Client().post(path, headers=headers)]

    for response in answers:
        assert response.status_code == 401
        assert json.loads(response.content) == {"error": "unauthorized"}
        assert response["WWW-Authenticate"] == "Bearer"
    assert not Run.objects.exists()


def test_missing_key_is_refused() -> None:
    assert Client().post("/api/cron/clear_sessions").status_code == 401


def test_without_a_key_in_the_settings_nobody_gets_in(settings: Settings) -> None:
    settings.CRON_API_KEY = ""

    assert post("/api/cron/clear_sessions", key="").status_code == 401


def test_previous_key_is_accepted_while_it_is_replaced(settings: Settings) -> None:
    settings.CRON_API_KEY_PREVIOUS = "the old key"

    assert [post("/api/cron/unknown", key=key).status_code for key in (KEY, "the old key")] == [
        404,
        404,
    ]


def test_key_need_not_be_ascii(settings: Settings) -> None:
    settings.CRON_API_KEY = "schlüssel"
    # What a server hands over: the bytes of the header, each as one character.
    sent = "schlüssel".encode().decode("latin-1")

    assert post("/api/cron/unknown", key=sent).status_code == 404


def test_failed_calls_are_logged_and_limited(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        statuses = [post("/api/cron/unknown", key="wrong").status_code for _ in range(12)]

    assert statuses == [401] * api.FAILURES + [429] * 2
    assert "a call from 127.0.0.1 without a valid key" in caplog.text
    assert "wrong" not in caplog.text
    assert post("/api/cron/unknown", key="wrong")["Retry-After"] == "60"
    # The right key has the same address when both come through one proxy.
    assert post("/api/cron/unknown").status_code == 404
    # Others are not concerned.
    other = Client().get(
        "/api/cron/", headers={"Authorization": f"Bearer {KEY}"}, REMOTE_ADDR="10.0.0.9"
    )
    assert other.status_code == 200


def test_calls_go_on_without_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError("no cache")

    for name in ("get", "add", "incr"):
        monkeypatch.setattr(cache, name, fail)

    assert post("/api/cron/unknown").status_code == 404
    assert post("/api/cron/unknown", key="wrong").status_code == 401


def test_database_that_is_away(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("password of user app refused")

    make(lambda lease: None)
    monkeypatch.setattr(api, "run", fail)
    response = post("/api/cron/test")

    assert response.status_code == 503
    assert json.loads(response.content) == {"error": "the database is unavailable"}


def states() -> dict[str, Any]:
    response = get("/api/cron/", Authorization=f"Bearer {KEY}")
    assert response.status_code == 200
    return {state["job"]: state for state in json.loads(response.content)["jobs"]}


def line(expression: str, since: timedelta) -> None:
    CrontabLine.objects.create(
        job="clear_sessions", expression=expression, since=timezone.now() - since
    )


def ran(ago: timedelta, state: Run.State = Run.State.SUCCEEDED) -> Run:
    return Run.objects.create(job="clear_sessions", state=state, started=timezone.now() - ago)


def test_state_of_a_job_that_never_ran() -> None:
    assert states()["clear_sessions"] == {
        "job": "clear_sessions",
        "last_run": None,
        "next_due": None,
        "overdue": False,
    }


def test_state_of_a_job_that_ran() -> None:
    line("* * * * *", since=timedelta(days=1))
    run = ran(timedelta(minutes=1))
    ran(timedelta(seconds=1), Run.State.SKIPPED)

    state = states()["clear_sessions"]

    assert state["last_run"]["run"] == run.pk
    assert state["last_run"]["state"] == "succeeded"
    due = datetime.fromisoformat(state["next_due"]) - timezone.now()
    assert timedelta(0) < due <= timedelta(minutes=1)
    assert not state["overdue"]


@pytest.mark.parametrize(
    ("since", "last", "state", "overdue"),
    [
        (timedelta(hours=1), None, None, True),
        (timedelta(minutes=1), None, None, False),
        (timedelta(days=1), timedelta(minutes=30), Run.State.SUCCEEDED, True),
        (timedelta(days=1), timedelta(minutes=30), Run.State.RUNNING, False),
        (timedelta(days=1), timedelta(minutes=2), Run.State.FAILED, False),
        # The line is newer than the run.
        (timedelta(minutes=2), timedelta(days=1), Run.State.SUCCEEDED, False),
    ],
)
def test_overdue(since: timedelta, last: timedelta | None, state: Run.State, overdue: bool) -> None:
    line("*/2 * * * *", since=since)
    if last:
        ran(last, state)

    assert states()["clear_sessions"]["overdue"] is overdue


def test_runs_of_a_clock_that_was_ahead_hide_nothing() -> None:
    line("*/2 * * * *", since=timedelta(days=1))
    ran(timedelta(minutes=30))
    ran(timedelta(days=-30))

    state = states()["clear_sessions"]

    assert state["overdue"]
    assert datetime.fromisoformat(state["last_run"]["started"]) < timezone.now()


def test_line_that_is_never_due_again_has_no_next_time() -> None:
    line("0 0 */20 * 1L", since=timedelta(days=1))

    assert states()["clear_sessions"]["next_due"] is None
