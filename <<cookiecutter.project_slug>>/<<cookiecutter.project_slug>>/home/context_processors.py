"""What every page may show."""

from django.conf import settings
from django.http import HttpRequest


def project(request: HttpRequest | None = None) -> dict[str, str]:
    """Return the name, the description, and where to listen for changed front-end files."""
    return {
        "project_name": settings.PROJECT_NAME,
        "project_description": settings.PROJECT_DESCRIPTION,
        "live_reload_url": getattr(settings, "LIVE_RELOAD_URL", ""),
    }
