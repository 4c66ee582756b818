"""The second factor, from its set-up to the next login, for everybody and on any screen."""

import os
import re
import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.axe import violations
from tests.browser.site import Site
from tests.browser.visit import NARROW, WIDE, Visit, visit
from tests.harness.totp import totp

pytestmark = pytest.mark.browser


def sign_in(visitor: Visit, name: str, password: str) -> None:
    page = visitor.page
    visitor.open("/admin/login/?next=/admin/users/user/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def answer(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Go on").click()


def look(page: Page, axe: str, name: str) -> None:
    """Expect that everybody can use the page, and that nothing sticks out of it."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_is_set_up_once_and_asked_for_ever_after(
    site: Site, browser: Browser, axe: str, viewport: ViewportSize, dark: bool
) -> None:
    name, password = f"ada{secrets.token_hex(4)}", secrets.token_urlsafe(24)
    site.manage(
        *("createsuperuser", "--no-input", "--username", name, "--email", "ada@example.com"),
        DJANGO_SUPERUSER_PASSWORD=password,
    )
    looks = f"{'dark' if dark else 'light'}-{viewport['width']}"
    with visit(browser, site.url, viewport=viewport, dark=dark) as visitor:
        page = visitor.page
        sign_in(visitor, name, password)
        expect(page.get_by_role("heading", name="Set up your second factor")).to_be_visible()
        box = page.get_by_role("img", name="The key below as a QR code").bounding_box()
        assert box
        assert box["width"] == box["height"] >= 200
        look(page, axe, f"set-up-{looks}")

        answer(page, "000000")
        expect(page.get_by_text("This code is wrong")).to_be_visible()
        look(page, axe, f"wrong-{looks}")

        answer(page, totp(page.locator(".second-factor-key").inner_text()))
        expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
        codes = page.locator(".second-factor-codes li").all_inner_texts()
        assert len(codes) == 10
        look(page, axe, f"codes-{looks}")
        page.get_by_role("link", name="I have kept them, go on").click()
        expect(page).to_have_url(f"{site.url}/admin/users/user/")
        assert visitor.problems == []

    with visit(browser, site.url, viewport=viewport, dark=dark) as visitor:
        page = visitor.page
        sign_in(visitor, name, password)
        expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
        look(page, axe, f"asked-{looks}")

        answer(page, codes[0])
        expect(page).to_have_url(re.compile("/admin/users/user/$"))
        if viewport == WIDE:
            page.get_by_role("link", name="Second factor").click()
            expect(page.get_by_text("takes the place of your app")).to_be_visible()
        assert visitor.problems == []
