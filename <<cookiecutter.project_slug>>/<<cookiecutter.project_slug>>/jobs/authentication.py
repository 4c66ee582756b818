"""Who may call the endpoints: whoever shows the key."""

import hmac
import logging
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from . import throttle

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


def key_required(view: View) -> View:
    """Let a call pass that shows the key in `Authorization: Bearer`; answer 401 or 429 to others."""

    @wraps(view)
    def check(request: HttpRequest, **arguments: str) -> HttpResponse:
        # The peer's address: in a header a caller could give a new one each time.
        address = request.META["REMOTE_ADDR"]
        # First: behind a proxy all callers have one address, and others must not lock the right one out.
        if _is_known(request.headers.get("Authorization", "")):
            return view(request, **arguments)
        if throttle.exceeded(address):
            return _refuse(HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(throttle.SECONDS)})
        throttle.count(address)
        logger.warning("a call from %s without a valid key", address)
        return _refuse(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})

    return check


def _is_known(header: str) -> bool:
    scheme, _, given = header.partition(" ")
    # All keys are compared, each in constant time, whatever their lengths.
    matches = [
        hmac.compare_digest(
            _digest(given.strip().encode("latin-1", "replace")), _digest(key.encode())
        )
        for key in (settings.CRON_API_KEY, settings.CRON_API_KEY_PREVIOUS)
        if key
    ]
    return scheme.lower() == "bearer" and any(matches)


def _digest(key: bytes) -> bytes:
    return sha256(key).digest()


def _refuse(status: HTTPStatus, headers: dict[str, str]) -> JsonResponse:
    return JsonResponse({"error": status.phrase.lower()}, status=status, headers=headers)
