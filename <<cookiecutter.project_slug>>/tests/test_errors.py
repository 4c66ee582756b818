"""The pages for when something goes wrong."""

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.urls import path
from pytest_django.asserts import assertContains, assertTemplateUsed

ERRORS = {400: SuspiciousOperation, 403: PermissionDenied, 404: Http404, 500: RuntimeError}


def fail(request: HttpRequest, status: int) -> HttpResponse:
    raise ERRORS[status]("a detail that is not for everybody")


urlpatterns = [path("fail/<int:status>", fail)]


# Without the `django_db` mark the database is out of reach: no error page may need it.
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", ERRORS)
def test_error_has_its_page(status: int) -> None:
    client = Client(raise_request_exception=False)

    response = client.get(f"/fail/{status}")

    assertContains(response, '<main id="main"', status_code=status)
    assertTemplateUsed(response, f"{status}.html")
    assert "a detail" not in response.content.decode()


def test_form_without_token_has_its_page() -> None:
    response = Client(enforce_csrf_checks=True).post("/admin/login/")

    assertTemplateUsed(response, "403_csrf.html")
    assert response.status_code == 403


def test_page_of_an_internal_error_needs_nothing_at_all() -> None:
    assert "<h1" in render_to_string("500.html")
