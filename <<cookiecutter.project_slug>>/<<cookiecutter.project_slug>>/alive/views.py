"""`/api/alive`: can this replica do its work?"""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from .report import reporter


# Exempt, so that a POST is told that it is not allowed rather than that it lacks a token.
@csrf_exempt
@never_cache
@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """Answer 200 when every dependency works, else 503 with the names of those that do not.

    Why one does not work is in the log: it would help an attacker.
    """
    report = reporter.report()
    return JsonResponse(
        {
            "status": report.status,
            "release": settings.RELEASE,
            "replica": settings.REPLICA,
            "checks": report.checks,
        },
        status=HTTPStatus.OK if report.status == "ok" else HTTPStatus.SERVICE_UNAVAILABLE,
    )
