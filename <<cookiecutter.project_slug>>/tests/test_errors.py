"""The pages for when something goes wrong."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from pytest_django import Settings
from pytest_django.asserts import assertContains

from << cookiecutter.project_slug >> import errors, urls

ERRORS = {400: SuspiciousOperation, 403: PermissionDenied, 404: Http404, 500: RuntimeError}
# Each is the title of its page as well.
HEADINGS = {
    400: "This request makes no sense to us",
    403: "This page is not for you",
    404: "There is no such page",
    500: "Something broke on our side",
}


def fail(request: HttpRequest, status: int) -> HttpResponse:
    raise ERRORS[status]("a detail that is not for everybody")


urlpatterns = [path("fail/<int:status>", fail), path("", include(urls))]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


# Without the `django_db` mark the database is out of reach: no error page may need it.
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", ERRORS)
def test_error_has_its_page(status: int) -> None:
    client = Client(raise_request_exception=False)

    response = client.get(f"/fail/{status}")

    assertContains(response, '<main id="main"', status_code=status)
    assertContains(response, HEADINGS[status], status_code=status, count=2)
    assert "a detail" not in response.content.decode()


def test_form_without_token_has_its_page() -> None:
    response = Client(enforce_csrf_checks=True).post("/admin/login/")

    assertContains(response, "This form has expired", status_code=403, count=2)


def test_page_of_an_internal_error_needs_nothing_at_all(settings: Settings) -> None:
    options = settings.TEMPLATES[0]["OPTIONS"]
    broken = {**options, "context_processors": [f"{__name__}.fail_as_well"]}
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "OPTIONS": broken}]

    assertContains(errors.server_error(HttpRequest()), "<h1>Something broke", status_code=500)


def fail_as_well(request: HttpRequest) -> dict[str, str]:
    raise RuntimeError
