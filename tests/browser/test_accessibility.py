"""Everybody can use the pages: axe-core finds nothing, and the keyboard is enough."""

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.axe import violations
from tests.browser.site import RELEASE, Site
from tests.browser.visit import NARROW, WIDE, visit

pytestmark = pytest.mark.browser

looks = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
sizes = pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])


@looks
@sizes
@pytest.mark.parametrize("path", ["/", "/nowhere", "/admin/login/"])
def test_axe_finds_nothing(
    site: Site, browser: Browser, axe: str, path: str, viewport: ViewportSize, dark: bool
) -> None:
    with visit(browser, site.url, viewport=viewport, dark=dark) as visitor:
        visitor.open(path)
        assert violations(visitor.page, axe) == []


@looks
@sizes
def test_axe_finds_nothing_on_the_page_of_a_server_error(
    broken_site: Site, browser: Browser, axe: str, viewport: ViewportSize, dark: bool
) -> None:
    with visit(browser, broken_site.url, viewport=viewport, dark=dark) as visitor:
        visitor.page.context.add_cookies(
            [{"name": "__Host-sessionid", "value": "x" * 32, "url": broken_site.url, "secure": True}]
        )
        visitor.open("/admin/")
        expect(visitor.page.get_by_text("500")).to_be_visible()
        assert violations(visitor.page, axe) == []


@looks
@sizes
@pytest.mark.parametrize("state", ["unavailable", "silent"])
def test_axe_finds_nothing_in_an_outage(
    site: Site, browser: Browser, axe: str, state: str, viewport: ViewportSize, dark: bool
) -> None:
    report = {
        "status": "unavailable",
        "release": RELEASE,
        "replica": "another",
        "checks": {"database": "ok", "cache": "unavailable"},
    }
    with visit(browser, site.url, viewport=viewport, dark=dark) as visitor:
        page = visitor.page
        page.route(
            "**/api/alive",
            lambda route: route.fulfill(json=report) if state == "unavailable" else route.abort(),
        )
        page.clock.install()
        visitor.open("/")
        page.clock.run_for(5_000)
        expect(page.locator(".verdict[data-state=ok]")).to_have_count(0)
        assert violations(page, axe) == []


@sizes
def test_the_keyboard_reaches_everything_visibly(
    site: Site, browser: Browser, viewport: ViewportSize
) -> None:
    with visit(browser, site.url, viewport=viewport) as visitor:
        page = visitor.page
        visitor.open("/")

        page.keyboard.press("Tab")
        skip_link = page.get_by_role("link", name="Skip to the content")
        expect(skip_link).to_be_focused()
        expect(skip_link).to_be_in_viewport(ratio=1)
        box = skip_link.bounding_box()
        assert box
        assert box["height"] >= 24, "WCAG 2.2, 2.5.8: a target is at least 24 pixels high"

        page.keyboard.press("Tab")
        administration = page.get_by_role("link", name="Administration")
        expect(administration).to_be_focused()
        expect(administration).to_have_css("outline-style", "solid")
        expect(administration).to_have_css("outline-width", "3px")

        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
