"""Gives each request its id and writes its line to the log."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

from .request_id import accept_or_make, request_id

logger = logging.getLogger("<< cookiecutter.project_slug >>.request")


class RequestLogMiddleware:
    """Logs method, path, status, duration and user of each request, and returns its id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next handler, as Django asks of a middleware."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, with its id in `X-Request-ID`."""
        token = request_id.set(accept_or_make(request.headers.get("X-Request-ID")))
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            _log(request, response, seconds=time.perf_counter() - started)
            return response
        finally:
            request_id.reset(token)


def _log(request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
    path = escape_uri_path(request.path)
    milliseconds = round(seconds * 1000, 1)
    logger.log(
        _level(request, response),
        "%s %s %s in %s ms",
        request.method,
        path,
        response.status_code,
        milliseconds,
        extra={
            "method": request.method,
            "path": path,
            "status": response.status_code,
            "duration_ms": milliseconds,
            "user_id": _user_id(request),
        },
    )


def _level(request: HttpRequest, response: HttpResponse) -> int:
    """Health checks and static files come by the thousand: only a failure is worth a line."""
    routine = request.path == "/api/alive" or request.path.startswith(settings.STATIC_URL)
    return logging.DEBUG if routine and response.status_code < 400 else logging.INFO


def _user_id(request: HttpRequest) -> int | None:
    """The user, when the request has already asked for it: a log line is not worth a query."""
    user = getattr(request, "_cached_user", None)
    return user.pk if user else None
