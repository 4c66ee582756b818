"""What every page may show."""

from django.conf import settings
from django.http import HttpRequest


def project(request: HttpRequest) -> dict[str, str]:
    """Return the project's name and description, and the language of the page."""
    return {
        "project_name": settings.PROJECT_NAME,
        "project_description": settings.PROJECT_DESCRIPTION,
        "live_reload_url": getattr(settings, "LIVE_RELOAD_URL", ""),
        "LANGUAGE_CODE": settings.LANGUAGE_CODE,
    }
