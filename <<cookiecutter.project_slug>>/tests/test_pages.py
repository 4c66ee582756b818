"""The small files at the site's root."""

from datetime import UTC, datetime, timedelta

from django.contrib.staticfiles import finders
from django.test import Client


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
