"""`/api/alive`: can this replica do its work? The health check and the home page ask here."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

State = Literal["ok", "unavailable"]

# Seconds. A health check that takes longer than two is as good as none.
DEADLINE = 1.5
# Seconds for which a report is used again, so that nobody can hammer the database through it.
REUSE = 1.0
# Seconds after which a question that hangs is given up and a new one is asked. A connection that lost its other
# end gives up by itself after 11 s (settings/env.py), so two such threads never live side by side.
HANGS = 15.0

logger = logging.getLogger(__name__)


def database() -> None:
    """Open a connection and run the smallest query; raises when either fails.

    The connection is new each time: one that was kept says nothing about a changed password.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def cache_backend() -> None:
    """Write a value and read it back.

    Raises:
        RuntimeError: the value did not come back.
        Exception: what the cache's client raises when there is no answer.
    """
    try:
        cache.set("alive", "yes", timeout=10)
        if cache.get("alive") != "yes":
            raise RuntimeError("a value that was written did not come back")
    finally:
        cache.close()


class Check:
    """Asks one dependency in a thread of its own, and logs when its state changes."""

    def __init__(self, name: str, probe: Callable[[], None]) -> None:
        """Take the dependency's name and its probe, which raises or hangs when it does not work."""
        self.name = name
        self._probe = probe
        self._answer: Future[None] | None = None
        self._asked = 0.0
        self._last: State = "ok"

    def ask(self) -> "Future[None]":
        """Ask, unless a question of the last `HANGS` seconds is open: threads must not pile up."""
        open_question = self._answer is not None and not self._answer.done()
        if self._answer is None or not open_question or time.monotonic() - self._asked > HANGS:
            self._answer, self._asked = Future(), time.monotonic()
            threading.Thread(target=self._run, args=(self._answer,), daemon=True).start()
        return self._answer

    def state(self, answer: "Future[None]", timeout: float) -> State:
        """Return the state, after waiting for the answer for `timeout` seconds at most."""
        try:
            error = answer.exception(timeout)
        except TimeoutError:
            error = TimeoutError("no answer in time")
        state: State = "unavailable" if error else "ok"
        self._log_change(state, error)
        return state

    def _run(self, answer: "Future[None]") -> None:
        try:
            self._probe()
        except Exception as error:
            answer.set_exception(error)
        else:
            answer.set_result(None)

    def _log_change(self, state: State, error: BaseException | None) -> None:
        if state == self._last:
            return
        self._last = state
        if error:
            logger.error("%s is unavailable: %s: %s", self.name, type(error).__name__, error)
        else:
            logger.info("%s is available again", self.name)


@dataclass(frozen=True)
class Report:
    """What each dependency answered."""

    checks: dict[str, State]

    @property
    def status(self) -> State:
        """`ok` only when every dependency is."""
        return "ok" if set(self.checks.values()) == {"ok"} else "unavailable"


class Reporter:
    """Asks all dependencies at once, and at most once in `REUSE` seconds."""

    def __init__(self, *checks: Check) -> None:
        self._checks = checks
        self._lock = threading.Lock()
        self._report = Report({})
        self._expires = 0.0

    def report(self) -> Report:
        """Return the current report, within `DEADLINE` seconds whatever hangs."""
        with self._lock:
            if time.monotonic() >= self._expires:
                self._report = self._ask()
                self._expires = time.monotonic() + REUSE
            return self._report

    def forget(self) -> None:
        """Ask again at the next report, however fresh the last one is."""
        self._expires = 0.0

    def _ask(self) -> Report:
        deadline = time.monotonic() + DEADLINE
        # All questions first: the dependencies answer at the same time.
        answers = [(check, check.ask()) for check in self._checks]
        return Report(
            {
                check.name: check.state(answer, timeout=max(0, deadline - time.monotonic()))
                for check, answer in answers
            }
        )


reporter = Reporter(Check("database", database), Check("cache", cache_backend))


# Exempt, so that a POST is told that it is not allowed rather than that it lacks a token.
@csrf_exempt
@never_cache
@login_not_required
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """Answer 200 when every dependency works, else 503 with the names of those that do not.

    Why one does not work is in the log: it would help an attacker.
    """
    report = reporter.report()
    return JsonResponse(
        {
            "status": report.status,
            "release": settings.RELEASE,
            "replica": settings.REPLICA,
            "checks": report.checks,
        },
        status=HTTPStatus.OK if report.status == "ok" else HTTPStatus.SERVICE_UNAVAILABLE,
    )
