"""The health check: what it says, and that nothing can hold it up or make it a burden."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from << cookiecutter.project_slug >> import alive
from << cookiecutter.project_slug >>.alive import REUSE, Check, Reporter


class Probe:
    """A dependency that works, fails or hangs, as the test says, and counts the questions."""

    def __init__(self) -> None:
        self.questions = 0
        self.error: Exception | None = None
        self.release = threading.Event()
        self.release.set()

    def __call__(self) -> None:
        self.questions += 1
        self.release.wait(timeout=30)
        if self.error:
            raise self.error


@pytest.fixture
def database() -> Iterator[Probe]:
    probe = Probe()
    yield probe
    probe.release.set()


@pytest.fixture
def reporter(database: Probe, monkeypatch: pytest.MonkeyPatch) -> Reporter:
    """A reporter on the probe `database`, which the view uses too."""
    reporter = Reporter(Check("database", database), Check("cache", lambda: None))
    monkeypatch.setattr(alive, "reporter", reporter)
    return reporter


@pytest.mark.django_db(transaction=True)
def test_everything_works(client: Client, settings: Settings) -> None:
    settings.RELEASE, settings.REPLICA = "abc123", "replica-1"

    response = client.get("/api/alive")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "release": "abc123",
        "replica": "replica-1",
        "checks": {"database": "ok", "cache": "ok"},
    }
    assert "no-store" in response["Cache-Control"]


def test_failure_is_named_without_a_detail(
    client: Client, database: Probe, reporter: Reporter, caplog: pytest.LogCaptureFixture
) -> None:
    database.error = ConnectionError("password of user app refused by 10.0.0.7")

    response = client.get("/api/alive")

    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "unavailable", "cache": "ok"}
    assert response.json()["status"] == "unavailable"
    assert b"password" not in response.content
    assert "database is unavailable: ConnectionError: password of user app" in caplog.text


def test_head_has_the_same_status(client: Client, reporter: Reporter) -> None:
    response = client.head("/api/alive")

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_refused(method: str, reporter: Reporter) -> None:
    client = Client(enforce_csrf_checks=True)

    assert getattr(client, method)("/api/alive").status_code == 405


def test_hanging_dependency_delays_the_answer_by_less_than_two_seconds(
    client: Client, database: Probe, reporter: Reporter
) -> None:
    database.release.clear()

    started = time.monotonic()
    response = client.get("/api/alive")

    assert time.monotonic() - started < 2
    assert response.json()["checks"] == {"database": "unavailable", "cache": "ok"}


def test_hanging_dependency_is_not_asked_twice_and_recovers(
    database: Probe, reporter: Reporter
) -> None:
    database.release.clear()
    for _ in range(3):
        assert reporter.report().status == "unavailable"
        reporter.forget()
    assert database.questions == 1

    database.release.set()
    deadline = time.monotonic() + 10
    while reporter.report().status != "ok" and time.monotonic() < deadline:
        reporter.forget()

    assert reporter.report().status == "ok"


def test_question_that_hangs_is_not_believed_for_ever(
    database: Probe, reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection whose other end vanished may hang long after the database is back."""
    database.release.clear()
    assert reporter.report().status == "unavailable"
    hung, database.release = database.release, threading.Event()
    database.release.set()

    monkeypatch.setattr(alive, "HANGS", 0.0)
    reporter.forget()

    assert reporter.report().status == "ok"
    assert database.questions == 2
    hung.set()


def test_report_is_used_again_for_a_while(database: Probe, reporter: Reporter) -> None:
    for _ in range(100):
        reporter.report()
    assert database.questions == 1

    time.sleep(REUSE)
    reporter.report()

    assert database.questions == 2


def test_crowd_asks_once(database: Probe, reporter: Reporter) -> None:
    crowd = [threading.Thread(target=reporter.report) for _ in range(20)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()

    assert database.questions == 1


def test_only_changes_are_logged(
    database: Probe, reporter: Reporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for error in (None, OSError("gone"), OSError("gone"), None, None):
        database.error = error
        reporter.forget()
        reporter.report()

    assert [record.getMessage() for record in caplog.records] == [
        "database is unavailable: OSError: gone",
        "database is available again",
    ]


def test_cache_that_forgets_is_unavailable(settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

    with pytest.raises(RuntimeError, match="did not come back"):
        alive.cache_backend()
