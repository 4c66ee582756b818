"""The admin works with the site's strict headers and cookies."""

import secrets

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.site import Site
from tests.browser.visit import visit
from tests.harness.totp import totp

pytestmark = pytest.mark.browser


def test_signs_in_and_out(site: Site, browser: Browser) -> None:
    password = secrets.token_urlsafe(24)
    site.manage(
        *("createsuperuser", "--no-input", "--username", "keeper", "--email", "keeper@example.com"),
        DJANGO_SUPERUSER_PASSWORD=password,
    )
    with visit(browser, site.url) as visitor:
        page = visitor.page
        visitor.open("/")
        page.get_by_role("link", name="Administration").click()
        page.get_by_label("Username").fill("keeper")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()

        page.get_by_label("Code").fill(totp(page.locator(".second-factor-key").inner_text()))
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("link", name="I have kept them, go on").click()

        expect(page).to_have_url(f"{site.url}/admin/")
        expect(page.locator("#user-tools")).to_contain_text("keeper")
        names = {cookie["name"] for cookie in page.context.cookies()}
        assert names == {"__Host-sessionid", "__Host-csrftoken", "__Host-known-browser"}

        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", name="Logged out")).to_be_visible()
        assert visitor.problems == []


def test_turns_a_wrong_password_away(site: Site, browser: Browser) -> None:
    with visit(browser, site.url) as visitor:
        page = visitor.page
        visitor.open("/admin/login/")
        page.get_by_label("Username").fill("keeper")
        page.get_by_label("Password").fill("a guess")
        page.get_by_role("button", name="Log in").click()

        expect(page.get_by_text("Please enter the correct username and password")).to_be_visible()
        assert visitor.problems == []
