"""The home page shows what is running."""

from collections.abc import Callable
from typing import Any

import django
import pytest
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from << cookiecutter.project_slug >>.alive import Report, reporter


@pytest.mark.django_db(transaction=True)
def test_shows_what_is_running(client: Client, settings: Settings) -> None:
    settings.PROJECT_NAME, settings.RELEASE, settings.REPLICA = "Ünï & <Co>", "abc123", "replica-1"

    response = client.get("/")

    for text in ("Ünï &amp; &lt;Co&gt;", "abc123", "replica-1", "Database", "Cache"):
        assertContains(response, text)
    assert response.context["status"] == "ok"


def test_shows_what_is_not_available(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report({"database": "ok", "cache": "unavailable"})
    monkeypatch.setattr(reporter, "report", lambda: report)

    response = client.get("/")

    assert response.status_code == 200
    assertContains(response, 'data-check="cache" data-state="unavailable"')
    assertContains(response, 'data-check="database" data-state="ok"')


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("debug", [True, False])
def test_versions_are_for_developers(client: Client, settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug

    (assertContains if debug else assertNotContains)(client.get("/"), django.get_version())


@pytest.mark.django_db(transaction=True)
def test_page_knows_who_looks_and_what_they_are_to_be_told(
    client: Client, settings: Settings
) -> None:
    """As every other page: its template may use `user` and `messages`, and speaks their language."""
    settings.TEMPLATES = _with_template(
        settings.TEMPLATES, "{{ user }}{% for m in messages %}, {{ m }}{% endfor %}"
    )
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.welcome"]
    user = get_user_model().objects.create_user("ada")

    client.force_login(user)

    assert client.get("/").content.decode() == "ada, Welcome"
    assert Client().get("/").content.decode() == "AnonymousUser, Welcome"


@pytest.mark.django_db(transaction=True)
def test_page_speaks_the_language_of_who_looks(client: Client, settings: Settings) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]

    assertContains(client.get("/", headers={"Accept-Language": "de"}), '<html lang="de"')
    assertContains(client.get("/", headers={"Accept-Language": "pt-br"}), '<html lang="pt-br"')


def welcome(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware that has something to say."""

    def answer(request: HttpRequest) -> HttpResponse:
        messages.info(request, "Welcome")
        return get_response(request)

    return answer


def _with_template(templates: list[dict[str, Any]], home: str) -> list[dict[str, Any]]:
    options = templates[0]["OPTIONS"]
    loader = ("django.template.loaders.locmem.Loader", {"home.html": home})
    return [{**templates[0], "APP_DIRS": False, "OPTIONS": {**options, "loaders": [loader]}}]
