"""Logs: one line an event on standard output, and an e-mail to the administrators about errors."""

import logging
import re
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.mail import mail_admins
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

# Letters, digits and a few signs: an id from outside must not forge or flood a log line.
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
# What Django attaches to its records: objects, which have no place in a log line.
DJANGO_ATTRS = ("request", "server_time", "status_code")
# Seconds in which one error is mailed once.
MAIL_PAUSE = 60
# Settings whose values never leave the site, as in Django's own error reports.
SECRET_NAME = re.compile("API|TOKEN|KEY|SECRET|PASS|SIGNATURE")
PASSWORD_IN_ADDRESS = re.compile(r"://[^:/@\s]*:([^@\s]+)@")
# Shorter values are words of the language, and would be blacked out everywhere.
SECRET_LENGTH = 8
# Characters: what a list of e-mails shows.
SUBJECT_LENGTH = 120

# The id that ties together all log lines of one request.
request_id: ContextVar[str] = ContextVar("request_id", default="-")

logger = logging.getLogger(f"{__package__}.request")


def logging_config(*, formatter: str, level: str, mail: bool = False) -> dict[str, Any]:
    """Return the dictionary for Django's LOGGING setting.

    Args:
        formatter: `json` for machines, `readable` for people.
        level: the lowest level that is written, such as `INFO`.
        mail: whether ADMINS are told of errors.
    """
    handlers = ["stdout", "mail"] if mail else ["stdout"]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": f"{__name__}.RequestIdFilter"},
            "not_deliberate": {"()": f"{__name__}.NotDeliberateFilter"},
        },
        "formatters": {
            "json": {"()": f"{__name__}.JsonFormatter"},
            "readable": {
                "format": "{asctime} {levelname:<7} {message} [{request_id}]",
                "datefmt": "%H:%M:%S",
                "style": "{",
            },
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": formatter,
                "filters": ["request_id"],
            },
            "mail": {
                "class": f"{__name__}.MailHandler",
                "level": "ERROR",
                "filters": ["request_id"],
            },
        },
        "root": {"handlers": handlers, "level": level},
        "loggers": {
            # Replaces Django's own handlers, which would write to standard error as well.
            "django": {"handlers": [], "level": level, "propagate": True},
            # A 4xx is in the request's own line already; what is left here are exceptions.
            "django.request": {"level": "ERROR", "filters": ["not_deliberate"]},
            # gunicorn's own lines, such as the end of a worker, are written like all others.
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True},
            # The development server's line says no more than ours.
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
        },
    }


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to each record; `-` outside of a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class NotDeliberateFilter(logging.Filter):
    """Drops Django's line about a 503: the app answers that on purpose, and logs why itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE


class JsonFormatter(BaseJsonFormatter):
    """One JSON object a line; the time is UTC in ISO 8601."""

    def __init__(self) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
            static_fields={"release": settings.RELEASE, "replica": settings.REPLICA},
            reserved_attrs=[*RESERVED_ATTRS, *DJANGO_ATTRS],
            timestamp="time",
        )


class MailHandler(logging.Handler):
    """E-mails an error to ADMINS: what went wrong and where, and nothing of what a visitor sent.

    Django's own handler mails cookies, forms and headers, and as many times as the error occurs.
    """

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        # When each error may be mailed again, for as long as the cache cannot say it.
        self._again: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if settings.ADMINS and self._is_new(record):
            # In a thread: a visitor does not wait for the mail server.
            mail = (_subject(record), _text(record))
            threading.Thread(target=self._send, args=mail, name="error-mail").start()

    def _is_new(self, record: logging.LogRecord) -> bool:
        """Tell whether no replica has mailed this error in the last `MAIL_PAUSE` seconds."""
        key = f"error-mail-{fingerprint(record)}"
        try:
            return bool(cache.add(key, 1, timeout=MAIL_PAUSE))
        # The cache may be what is away: then each process counts for itself.
        except Exception:
            now = time.monotonic()
            self._again = {known: end for known, end in self._again.items() if end > now}
            return self._again.setdefault(key, now + MAIL_PAUSE) == now + MAIL_PAUSE

    def _send(self, subject: str, text: str) -> None:
        try:
            mail_admins(subject, text)
        # The error itself is in the log; one more line says that nobody was told.
        except Exception as error:
            logger.warning("an error was not mailed: %s", error)


def fingerprint(record: logging.LogRecord) -> str:
    """Return what two records of one error have in common: where it was raised, or logged."""
    place = f"{record.name} {record.pathname}:{record.lineno} {record.msg}"
    if record.exc_info and record.exc_info[0]:
        frames = traceback.extract_tb(record.exc_info[2])
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        place = f"{record.exc_info[0].__qualname__} {where}"
    return sha256(place.encode("utf-8", "replace")).hexdigest()


def without_secrets(text: str) -> str:
    """Black out the values of secret settings, wherever they got into a text."""
    values = {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
    for secret in sorted(set(_secrets("", values)), key=len, reverse=True):
        text = text.replace(secret, "********")
    return text


def _secrets(name: str, value: Any) -> Iterator[str]:
    """Find what must not be told in a setting: by its name, or as the password in an address."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _secrets(str(key), inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets(name, inner)
    elif isinstance(value, str):
        found = PASSWORD_IN_ADDRESS.findall(value)
        found += [value] if SECRET_NAME.search(name) else []
        yield from (secret for secret in found if len(secret) >= SECRET_LENGTH)


def _subject(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    words = f"{type(error).__name__}: {error}" if error else record.getMessage()
    return without_secrets(words.strip().partition("\n")[0])[:SUBJECT_LENGTH]


def _text(record: logging.LogRecord) -> str:
    request = getattr(record, "request", None)
    lines = [
        record.getMessage(),
        f"release {settings.RELEASE}, replica {settings.REPLICA}, request {request_id.get()}",
    ]
    # Neither the query nor the body, the cookies or the headers: they belong to the visitor.
    if isinstance(request, HttpRequest):
        user = _user_id(request)
        lines.append(f"{request.method} {escape_uri_path(request.path)}, user {user or '-'}")
    if record.exc_info:
        lines += ["", "".join(traceback.format_exception(*record.exc_info))]
    lines += ["", f"It is not mailed again for {MAIL_PAUSE} seconds; all of it is in the log."]
    return without_secrets("\n".join(lines))


def accept_or_make(received: str | None) -> str:
    """Return the id that the proxy sent when it is well-formed, else a new one."""
    if received and WELL_FORMED.fullmatch(received):
        return received
    return uuid.uuid4().hex


class RequestLogMiddleware:
    """Logs method, path, status, duration and user of each request, and returns its id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
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
