"""The home page: a board that shows at a glance what is running."""

import platform

import django
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .alive import reporter


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show at a glance what is running."""
    report = reporter.report()
    context = {
        "status": report.status,
        "checks": report.checks,
        "release": settings.RELEASE,
        "replica": settings.REPLICA,
        "versions": _versions(),
    }
    return render(request, "home.html", context)


def _versions() -> dict[str, str]:
    """What an attacker would like to know is shown to developers only."""
    if not settings.DEBUG:
        return {}
    return {"Django": django.get_version(), "Python": platform.python_version()}
