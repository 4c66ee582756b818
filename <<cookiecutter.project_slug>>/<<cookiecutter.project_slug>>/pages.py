"""What every page may show, and the small files that browsers and people look for at a site's root."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.http import require_safe

# RFC 9116, section 2.5.5: security.txt should not be valid for longer than a year.
SECURITY_TXT_VALID = timedelta(days=180)


def project(request: HttpRequest | None = None) -> dict[str, str]:
    """Return the name, the description, and where to listen for changed front-end files."""
    return {
        "project_name": settings.PROJECT_NAME,
        "project_description": settings.PROJECT_DESCRIPTION,
        "live_reload_url": getattr(settings, "LIVE_RELOAD_URL", ""),
    }


@login_not_required
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead browsers that ask for the icon at its old place to where it is."""
    return redirect(static("favicon.svg"))


@login_not_required
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Tell crawlers to leave the parts alone that are not for them."""
    return _text("User-agent: *", "Disallow: /admin/", "Disallow: /api/")


@login_not_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Tell those who find a hole whom to write to (RFC 9116)."""
    expires = timezone.now() + SECURITY_TXT_VALID
    return _text(
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires:%Y-%m-%dT00:00:00Z}",
        f"Preferred-Languages: {settings.LANGUAGE_CODE}",
        f"Canonical: {request.build_absolute_uri()}",
    )


def _text(*lines: str) -> HttpResponse:
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
