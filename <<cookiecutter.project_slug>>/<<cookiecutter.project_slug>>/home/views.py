"""The home page, and the small files that browsers and people look for at a site's root."""

import platform
from datetime import timedelta
from functools import lru_cache

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from ..alive.report import Report, reporter
from .context_processors import project

# RFC 9116, section 2.5.5: security.txt should not be valid for longer than a year.
SECURITY_TXT_VALID = timedelta(days=180)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show at a glance what is running."""
    return HttpResponse(_page(reporter.report(), get_language()))


# Rendered once a report, since it is the same for everybody until the next one. It never sees the
# request, so nothing of one visitor can reach another.
@lru_cache(maxsize=4)
def _page(report: Report, language: str | None) -> str:
    return render_to_string(
        "home.html",
        {
            **project(),
            "status": report.status,
            "checks": report.checks,
            "release": settings.RELEASE,
            "replica": settings.REPLICA,
            "versions": _versions(),
        },
    )


def _versions() -> dict[str, str]:
    """What an attacker would like to know is shown to developers only."""
    if not settings.DEBUG:
        return {}
    return {"Django": django.get_version(), "Python": platform.python_version()}


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead browsers that ask for the icon at its old place to where it is."""
    return redirect(static("favicon.svg"))


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Tell crawlers to leave the parts alone that are not for them."""
    return render(request, "robots.txt", content_type="text/plain; charset=utf-8")


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Tell those who find a hole whom to write to (RFC 9116)."""
    expires = timezone.now() + SECURITY_TXT_VALID
    lines = [
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires:%Y-%m-%dT00:00:00Z}",
        f"Preferred-Languages: {settings.LANGUAGE_CODE}",
        f"Canonical: {request.build_absolute_uri()}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
