"""The home page and the small files at the site's root."""

from datetime import UTC, datetime, timedelta

import django
import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from << cookiecutter.project_slug >>.alive.report import Report, reporter


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


def test_page_is_rendered_once_a_report(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = iter([Report({"cache": "ok"})] * 2 + [Report({"cache": "unavailable"})])
    monkeypatch.setattr(reporter, "report", lambda: next(reports))

    first, again, changed = (client.get("/") for _ in range(3))

    assert (bool(first.templates), bool(again.templates)) == (True, False)
    assert again.content == first.content
    assertContains(changed, 'data-check="cache" data-state="unavailable"')


def test_robots_are_kept_out_of_what_is_not_for_them(client: Client) -> None:
    response = client.get("/robots.txt")

    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode().splitlines() == [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /api/",
    ]


def test_security_txt_has_what_the_standard_asks_for(client: Client) -> None:
    response = client.get("/.well-known/security.txt")

    fields = dict(line.split(": ", 1) for line in response.content.decode().splitlines())
    assert fields["Contact"].startswith("mailto:")
    assert fields["Canonical"] == "http://testserver/.well-known/security.txt"
    left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=1) < left < timedelta(days=365)


def test_old_place_of_the_icon_leads_to_the_new_one(client: Client) -> None:
    response = client.get("/favicon.ico")

    assert response.status_code == 302
    assert finders.find(response["Location"].removeprefix("/static/"))
