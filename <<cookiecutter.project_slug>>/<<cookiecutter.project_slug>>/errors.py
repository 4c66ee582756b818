"""The pages for when something goes wrong: one template, and what it says of each error."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

TEMPLATE = "error.html"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what no browser sends by itself, such as a forged cookie; the log says what it was."""
    return _page(
        request,
        HTTPStatus.BAD_REQUEST,
        _("This request makes no sense to us"),
        _("The browser sent something that this site can't read. Go back and try again."),
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer somebody who may not see a page."""
    return _page(
        request,
        HTTPStatus.FORBIDDEN,
        _("This page is not for you"),
        _(
            "Your account may not see this page. Sign in with another one, or ask the people who run this site."
        ),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is missing or wrong; the reason is in the log."""
    return _page(
        request,
        HTTPStatus.FORBIDDEN,
        _("This form has expired"),
        _(
            "To keep others from sending forms in your name, each one is good for a limited time and needs "
            "cookies. Go back, reload the page and send it again."
        ),
    )


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere."""
    return _page(
        request,
        HTTPStatus.NOT_FOUND,
        _("There is no such page"),
        _("The address may be mistyped, or the page has moved or gone."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without the request: a context processor may be what broke, or the database that it asks."""
    context = {
        "code": HTTPStatus.INTERNAL_SERVER_ERROR.value,
        "heading": _("Something broke on our side"),
        "explanation": _(
            "The error has been recorded and the people who run this site can see it. Try again in a few minutes."
        ),
    }
    return HttpResponse(
        render_to_string(TEMPLATE, context), status=HTTPStatus.INTERNAL_SERVER_ERROR
    )


def _page(request: HttpRequest, status: HTTPStatus, heading: str, explanation: str) -> HttpResponse:
    context = {"code": status.value, "heading": heading, "explanation": explanation}
    return render(request, TEMPLATE, context, status=status)
