"""What sessions of staff need beside the password: the second factor, and no long rest."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from .second_factor import is_missing

# Views that a session without its second factor may use.
OPEN_VIEWS = {"second-factor", "admin:logout"}
LAST_SEEN = "last_seen"
# Seconds: the session is written at most so often for it.
PRECISION = 60


class StaffMiddleware:
    """Guards every view but those marked with Django's `login_not_required`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *_: object
    ) -> HttpResponse | None:
        """Answer in the view's place when the session has rested too long, or lacks its second factor."""
        if not getattr(view, "login_required", True) or not request.user.is_staff:
            return None
        if _has_rested_too_long(request):
            logout(request)
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        match = request.resolver_match
        if (match and match.view_name in OPEN_VIEWS) or not is_missing(request.user):
            return None
        return redirect_to_login(request.get_full_path(), reverse("second-factor"))


@receiver(user_logged_in)
def start(request: HttpRequest | None, **_: object) -> None:
    """Note when a session began: one from before, in which the same person signs in again, has not rested."""
    if request is not None:
        request.session[LAST_SEEN] = time.time()


def _has_rested_too_long(request: HttpRequest) -> bool:
    """Tell whether nobody has used the session for `STAFF_IDLE_SECONDS`; note that somebody does now."""
    now = time.time()
    rest = now - request.session.get(LAST_SEEN, now)
    if 0 < settings.STAFF_IDLE_SECONDS < rest:
        return True
    if LAST_SEEN not in request.session or abs(rest) >= PRECISION:
        request.session[LAST_SEEN] = now
    return False
