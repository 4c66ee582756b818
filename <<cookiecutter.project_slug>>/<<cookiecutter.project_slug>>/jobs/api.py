"""`/api/cron/`: runs jobs for whoever shows the key, and tells how they went."""

import hmac
import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from .history import AHEAD, AlreadyRanError, JobState, overview
from .lease import HeldError
from .models import Run
from .registry import Job, arguments, jobs
from .runner import EndingError, run

logger = logging.getLogger(__name__)

# An interrupted run is nobody's fault: 503 says that another try may succeed.
STATUS = {
    Run.State.SUCCEEDED: HTTPStatus.OK,
    Run.State.FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
    Run.State.TIMED_OUT: HTTPStatus.GATEWAY_TIMEOUT,
    Run.State.INTERRUPTED: HTTPStatus.SERVICE_UNAVAILABLE,
}
# So many calls without a valid key in so many seconds, and an address has to wait.
FAILURES = 10
SECONDS = 60

View = Callable[..., HttpResponse]


def key_required(view: View) -> View:
    """Let a call pass that shows the key in `Authorization: Bearer`; answer 401 or 429 to others."""

    @wraps(view)
    def check(request: HttpRequest, **arguments: str) -> HttpResponse:
        # First: behind a proxy all callers have one address, and others must not lock the right one out.
        if _is_known(request.headers.get("Authorization", "")):
            return view(request, **arguments)
        # The peer's address: in a header a caller could give a new one each time.
        address = request.META["REMOTE_ADDR"]
        if _has_to_wait(address):
            return _refuse(HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(SECONDS)})
        logger.warning("a call from %s without a valid key", address)
        return _refuse(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})

    return check


def _is_known(header: str) -> bool:
    scheme, _, given = header.partition(" ")
    # All keys are compared, each in constant time, whatever their lengths.
    matches = [
        hmac.compare_digest(
            sha256(given.strip().encode("latin-1", "replace")).digest(),
            sha256(key.encode()).digest(),
        )
        for key in (settings.CRON_API_KEY, settings.CRON_API_KEY_PREVIOUS)
        if key
    ]
    return scheme.lower() == "bearer" and any(matches)


def _has_to_wait(address: str) -> bool:
    """Count a failed call of an address, and tell whether there were too many: they fill the log."""
    # Not every cache takes what an address may consist of.
    key = f"cron-failures-{sha256(address.encode()).hexdigest()}"
    try:
        cache.add(key, 0, timeout=SECONDS)
        return cache.incr(key) > FAILURES
    # Whatever the cache's client raises. The key is long: calls go on without the cache.
    except Exception as error:
        logger.warning("failed calls are not limited: %s", error)
        return False


def _refuse(status: HTTPStatus, headers: dict[str, str]) -> JsonResponse:
    return JsonResponse({"error": status.phrase.lower()}, status=status, headers=headers)


@csrf_exempt
@never_cache
@key_required
@require_safe
def states(request: HttpRequest) -> JsonResponse:
    """Answer with the state of each job, for monitors."""
    return JsonResponse({"jobs": [_job(state) for state in overview()]})


def _job(state: JobState) -> dict[str, Any]:
    return {
        "job": state.name,
        "last_run": _record(state.last_run) if state.last_run else None,
        "next_due": state.next_due,
        "overdue": state.overdue,
    }


def _record(run: Run) -> dict[str, Any]:
    """Tell how a run went; its error is for those who may read the history."""
    return {
        "run": run.pk,
        "job": run.job,
        "state": run.state,
        "started": run.started,
        "duration": round(run.duration.total_seconds(), 3) if run.duration else None,
        "result": run.result,
    }


@csrf_exempt
@never_cache
@key_required
@require_POST
def run_job(request: HttpRequest, name: str) -> JsonResponse:
    """Run a job and answer when it has ended, or when nobody waits for it any longer."""
    job = jobs.get(name)
    if job is None:
        return _error(HTTPStatus.NOT_FOUND, "there is no such job")
    try:
        parameters = arguments(job, _body(request))
        scheduled = _scheduled(request)
    except (ValueError, OverflowError) as error:
        return _error(HTTPStatus.BAD_REQUEST, str(error))
    return _run(job, parameters, scheduled)


def _body(request: HttpRequest) -> dict[str, Any]:
    """Return the parameters in the body; none when it is empty."""
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise ValueError("the body is not JSON") from error
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object with the parameters")
    return body


def _scheduled(request: HttpRequest) -> datetime | None:
    """Return the due time, which the scheduler sends along."""
    header = request.headers.get("X-Scheduled")
    if header is None:
        return None
    scheduled = parse_datetime(header)
    if scheduled is None or scheduled.tzinfo is None:
        raise ValueError("X-Scheduled must be a time in ISO 8601, with its offset")
    if scheduled > timezone.now() + AHEAD:
        raise ValueError("X-Scheduled lies in the future: one of the two clocks is wrong")
    return scheduled.astimezone(UTC)


def _run(job: Job, parameters: Mapping[str, Any], scheduled: datetime | None) -> JsonResponse:
    trigger = Run.Trigger.SCHEDULE if scheduled else Run.Trigger.API
    try:
        record = run(job, parameters, trigger=trigger, scheduled=scheduled)
    except HeldError as error:
        return _error(HTTPStatus.CONFLICT, str(error), age=round(error.age.total_seconds(), 3))
    except AlreadyRanError as error:
        return _error(HTTPStatus.CONFLICT, str(error))
    except EndingError as error:
        return _error(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    except DatabaseError:
        return _error(HTTPStatus.SERVICE_UNAVAILABLE, "the database is unavailable")
    return JsonResponse(_record(record), status=STATUS[Run.State(record.state)])


def _error(status: HTTPStatus, message: str, **details: Any) -> JsonResponse:
    return JsonResponse({"error": message, **details}, status=status)


urlpatterns = [
    path("", states, name="job-states"),
    path("<str:name>", run_job, name="run-job"),
]
