"""How often somebody may guess the password of one account, without locking its owner out.

A browser that has once signed in gets a cookie that says so. Wrong passwords are counted for each such browser by
itself, and for all others together, from wherever they come: whoever guesses uses up the tries of the unknown
browsers, and the owner's own still lets them in. This is OWASP's "device cookie" protocol.
"""

import logging
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string

# So many wrong passwords in so many seconds: 80 an hour. OWASP's ASVS 4.0, 2.2.1, allows 100.
FAILURES = 20
SECONDS = 15 * 60
# Seconds for which a browser is known.
REMEMBERED = 365 * 24 * 60 * 60
SALT = "known-browser"

logger = logging.getLogger(__name__)


class LimitBackend:
    """Comes before the backend that knows the passwords, and keeps it from being asked too often."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, **credentials: Any
    ) -> None:
        """Let the next backend decide. Raises PermissionDenied when no password counts for now."""
        if request and username and exceeded(request, username):
            request.META["login_limited"] = True
            raise PermissionDenied


class KnownBrowserMiddleware:
    """Gives the cookie to a browser that has just signed in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if name := request.META.get("signed_in_as"):
            response.set_cookie(
                settings.KNOWN_BROWSER_COOKIE_NAME,
                signing.dumps([name, get_random_string(12)], salt=SALT),
                max_age=REMEMBERED,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response


def exceeded(request: HttpRequest, username: str) -> bool:
    """Tell whether this browser has to wait before it may try this account again."""
    try:
        return int(cache.get(_key(request, username), 0)) >= FAILURES
    # Whatever the cache's client raises. People must get in without the cache as well.
    except Exception as error:
        logger.warning("wrong passwords are not limited: %s", error)
        return False


@receiver(user_login_failed)
def count(credentials: dict[str, Any], request: HttpRequest | None = None, **more: Any) -> None:
    """Count a wrong password, also of an account that does not exist."""
    if request is None or not (username := credentials.get("username")):
        return
    key = _key(request, username)
    try:
        cache.add(key, 0, timeout=SECONDS)
        if cache.incr(key) == FAILURES:
            logger.warning(
                "too many wrong passwords for one account, the last from %s", _peer(request)
            )
    except Exception as error:
        logger.warning("a wrong password is not counted: %s", error)


@receiver(user_logged_in)
def remember(request: HttpRequest | None, user: AbstractBaseUser, **more: Any) -> None:
    """Have the browser remembered, and forget the wrong passwords that led up to the right one."""
    if request is None:
        return
    name = user.get_username()
    if _known_browser(request, name):
        try:
            cache.delete(_key(request, name))
        except Exception as error:
            logger.warning("wrong passwords are not forgotten: %s", error)
    request.META["signed_in_as"] = name


def _key(request: HttpRequest, username: str) -> str:
    """Return where the wrong passwords of this browser, or of all unknown ones, are counted."""
    browser = _known_browser(request, username)
    # Not every cache takes what a name may consist of, and no cache has to know it.
    digest = sha256(f"{username.casefold()} {browser}".encode("utf-8", "replace")).hexdigest()
    return f"login-failures-{digest}"


def _known_browser(request: HttpRequest, username: str) -> str:
    """Return the browser's id when this account has signed in there before, else nothing."""
    cookie = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, "")
    try:
        name, browser = signing.loads(cookie, salt=SALT, max_age=REMEMBERED)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(browser) if name == username else ""


def _peer(request: HttpRequest) -> str:
    return str(request.META.get("HTTP_X_FORWARDED_FOR") or request.META.get("REMOTE_ADDR"))
