"""Paths and headers that nginx and the app could read in two ways."""

import pytest

from .target import Target, answer_of

DOTS = [
    "/api/cron/..",
    "/api/cron/%2e%2e",
    "/api/cron/.%2E/x",
    "/x/../api/cron/clear_sessions",
    "/x/%2e%2e/api/cron/clear_sessions",
    "/x%2f..%2fapi/cron/clear_sessions",
    "/x/./y",
    "/x/.",
    "/x/../static/?q=1",
    "/x/..#y",
]


@pytest.mark.parametrize("path", DOTS)
def test_dots_are_refused(target: Target, path: str) -> None:
    assert answer_of(target.send("GET", path, b"", {})) == 400


@pytest.mark.parametrize("path", ["/api/cron/", "/api/cron/clear_sessions", "/api/%63ron/x", "/api/cron%2fx"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_scheduled_jobs_are_closed(target: Target, method: str, path: str) -> None:
    assert answer_of(target.send(method, path, b"", {})) == 403


@pytest.mark.parametrize(
    "path", ["/.well-known/x", "/x..y", "/..x", "/x?next=/../y", "/x;..", "/...", "/api//cron/x", "/a\\..\\b"]
)
def test_what_only_looks_like_it_reaches_the_app_as_it_was_sent(target: Target, path: str) -> None:
    answer = target.site.request("GET", path)

    assert answer.status not in {400, 403}
    if target.proxied:
        assert answer.json()["path"] == path


@pytest.mark.parametrize("length", [100, 4_200, 7_900, 8_100, 16_000])
def test_an_address_is_answered_or_refused_by_nginx(target: Target, length: int) -> None:
    """gunicorn once refused what nginx let pass, and nobody logged it."""
    answer = target.site.request("GET", "/?" + "x" * length)

    assert answer.status == (414 if length > 8_000 else 200)
