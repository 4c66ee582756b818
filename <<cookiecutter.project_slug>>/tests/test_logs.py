"""One line an event, and one id for all lines of a request."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from << cookiecutter.project_slug >>.logs import (
    JsonFormatter,
    NotDeliberateFilter,
    RequestIdFilter,
)


class Collector(logging.Handler):
    """Keeps the lines that production would write."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(JsonFormatter())
        self.addFilter(RequestIdFilter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def entries(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log() -> Iterator[Collector]:
    collector = Collector()
    root = logging.getLogger()
    root.addHandler(collector)
    yield collector
    root.removeHandler(collector)


@login_not_required
def hello(request: HttpRequest) -> HttpResponse:
    logging.getLogger("hello").warning("hello\nworld")
    return HttpResponse("hello")


def who(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("oh no")


def busy(request: HttpRequest) -> HttpResponse:
    return HttpResponse("later", status=503)


urlpatterns = [
    path("hello/<str:name>", lambda request, name: hello(request)),
    path("hello", hello),
    path("who", who),
    path("fail", fail),
    path("busy", busy),
    path("api/alive", hello),
]
pytestmark = pytest.mark.urls(__name__)


def test_line_of_a_request(client: Client, log: Collector) -> None:
    client.get("/hello?token=secret")

    entry = log.entries[-1]
    written = datetime.fromisoformat(str(entry.pop("time")))
    assert written.utcoffset() == timedelta(0)
    assert isinstance(entry.pop("duration_ms"), float)
    assert re.fullmatch("[0-9a-f]{32}", str(entry.pop("request_id")))
    assert entry.pop("replica")
    assert entry == {
        "level": "INFO",
        "logger": "<< cookiecutter.project_slug >>.request",
        "message": log.entries[-1]["message"],
        "release": "development",
        "method": "GET",
        "path": "/hello",
        "status": 200,
        "user_id": None,
    }
    assert "secret" not in "".join(log.lines)


def test_all_lines_of_a_request_have_its_id(client: Client, log: Collector) -> None:
    first, second = (client.get("/hello", headers={"X-Request-ID": f"id-number-{n}"}) for n in "12")

    assert first["X-Request-ID"] == "id-number-1"
    assert [entry["request_id"] for entry in log.entries] == [
        *["id-number-1"] * 2,
        *["id-number-2"] * 2,
    ]
    assert second["X-Request-ID"] == "id-number-2"


@pytest.mark.parametrize("forged", ["short", "x" * 65, 'a"},{"b":1', "with space", "ümläut-id", ""])
def test_id_that_is_not_well_formed_is_replaced(client: Client, forged: str) -> None:
    answered = client.get("/hello", headers={"X-Request-ID": forged})["X-Request-ID"]

    assert re.fullmatch("[0-9a-f]{32}", answered)


def test_path_cannot_forge_a_line(client: Client, log: Collector) -> None:
    client.get("/hello/a%0Ab")

    assert log.entries[-1]["path"] == "/hello/a%0Ab"
    assert all("\n" not in line for line in log.lines)


def test_user_is_named_when_the_request_knew_one(
    admin_client: Client, admin_user: AbstractBaseUser, log: Collector
) -> None:
    admin_client.get("/who")
    admin_client.get("/hello")

    assert log.entries[0]["user_id"] == admin_user.pk
    assert log.entries[-1]["user_id"] is None


@pytest.mark.django_db
def test_exception_is_one_line_with_its_traceback(log: Collector) -> None:
    Client(raise_request_exception=False).get("/fail")

    error, request = log.entries
    assert error["level"] == "ERROR"
    assert "RuntimeError: oh no" in str(error["exception"])
    assert request["status"] == 500
    assert error["request_id"] == request["request_id"]


def test_routine_requests_are_silent(client: Client, log: Collector) -> None:
    client.get("/api/alive")

    assert [entry["logger"] for entry in log.entries] == ["hello"]


def test_deliberate_503_is_no_error(client: Client, log: Collector) -> None:
    client.get("/busy")

    assert [(entry["level"], entry["status"]) for entry in log.entries] == [("INFO", 503)]
    assert NotDeliberateFilter().filter(logging.makeLogRecord({"status_code": 500}))


def test_lines_outside_of_a_request_have_no_id(log: Collector) -> None:
    logging.getLogger("any").info("hello")

    assert log.entries[-1]["request_id"] == "-"
