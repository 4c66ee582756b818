"""The home page shows what is running, and keeps up with it."""

import re
import socket

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from lab.wait import wait_until
from tests.browser.redis_server import RedisServer
from tests.browser.site import RELEASE, Site
from tests.browser.visit import NARROW, WIDE, visit

pytestmark = pytest.mark.browser

# Milliseconds. The page asks every five seconds, and the server may need two to answer.
INTERVAL = 5_000
SOON = 15_000
# Long enough for a question that should not be asked to be seen.
A_MOMENT = 500
ALIVE = "**/api/alive"


def check(page: Page, name: str) -> str:
    """Return the line of one dependency as a person reads it."""
    return " ".join(page.locator(f"[data-check={name}]").inner_text().split())


def test_shows_at_a_glance_what_is_running(site: Site, browser: Browser) -> None:
    with visit(browser, site.url) as visitor:
        page = visitor.page
        visitor.open("/")

        expect(page).to_have_title("Example App")
        expect(page.get_by_role("heading", level=1)).to_have_text("Example App")
        expect(page.get_by_role("heading", level=2)).to_have_text("Everything answers")
        assert check(page, "database") == "Database — available"
        assert check(page, "cache") == "Cache — available"
        expect(page.locator("[data-release]")).to_have_text(RELEASE)
        expect(page.locator("[data-replica]")).to_have_text(socket.gethostname())
        assert "Python" not in page.locator("main").inner_text()
        assert visitor.problems == []


def test_follows_the_cache_down_and_up_again_without_a_reload(
    site: Site, redis: RedisServer, browser: Browser
) -> None:
    with visit(browser, site.url) as visitor:
        page = visitor.page
        visitor.open("/")
        page.evaluate("window.neverReloaded = true")
        announcement = page.get_by_role("status")
        expect(announcement).to_be_empty()

        redis.stop()
        try:
            expect(page.locator("[data-check=cache] [data-word]")).to_have_text("unavailable", timeout=SOON)
            assert check(page, "cache") == "Cache — unavailable"
            assert check(page, "database") == "Database — available"
            expect(page.get_by_role("heading", level=2)).to_have_text("Not everything answers")
            expect(announcement).to_have_text("Not everything answers. Cache — unavailable")
            expect(page.locator("[data-check=cache] .state-icon-unavailable")).to_be_visible()
            expect(page.locator("[data-check=cache] .state-icon-ok")).to_be_hidden()
        finally:
            redis.start()
            wait_until(lambda: site.checks().get("cache") == "ok", 10, "the cache to be back")

        expect(page.get_by_role("heading", level=2)).to_have_text("Everything answers", timeout=SOON)
        assert check(page, "cache") == "Cache — available"
        expect(announcement).to_have_text("Everything answers. Cache — available")
        assert page.evaluate("window.neverReloaded")
        # The browser itself notes the answer 503, whatever the page makes of it.
        assert visitor.problems_but("status of 503") == []


def test_shows_the_state_without_scripts_too(site: Site, redis: RedisServer, browser: Browser) -> None:
    redis.stop()
    try:
        wait_until(lambda: site.checks().get("cache") == "unavailable", 10, "the cache to be down")
        with visit(browser, site.url, scripts=False) as visitor:
            visitor.open("/")
            assert check(visitor.page, "cache") == "Cache — unavailable"
            expect(visitor.page.get_by_role("heading", level=2)).to_have_text("Not everything answers")
    finally:
        redis.start()
        wait_until(lambda: site.checks().get("cache") == "ok", 10, "the cache to be back")


def test_says_so_when_the_server_does_not_answer(site: Site, browser: Browser) -> None:
    with visit(browser, site.url) as visitor:
        page = visitor.page
        visitor.open("/")

        page.context.set_offline(True)
        expect(page.get_by_role("heading", level=2)).to_have_text("The server does not answer", timeout=SOON)
        assert check(page, "database") == "Database — unknown"
        # What is old news is not announced piece by piece.
        expect(page.get_by_role("status")).to_have_text("The server does not answer")

        page.context.set_offline(False)
        expect(page.get_by_role("heading", level=2)).to_have_text("Everything answers", timeout=SOON)
        assert visitor.problems_but("ERR_INTERNET_DISCONNECTED") == []


def test_takes_an_error_page_of_the_proxy_for_silence(site: Site, browser: Browser) -> None:
    with visit(browser, site.url) as visitor:
        page = visitor.page
        page.clock.install()
        page.route(ALIVE, lambda route: route.fulfill(status=503, body="<h1>Maintenance</h1>"))
        visitor.open("/")
        page.clock.run_for(INTERVAL)
        expect(page.get_by_role("heading", level=2)).to_have_text("The server does not answer")


def test_leaves_a_busy_server_alone_for_as_long_as_it_asks(site: Site, browser: Browser) -> None:
    asked: list[str] = []

    def answer_busy(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=429, headers={"Retry-After": "60"}, body="Too many requests")

    with visit(browser, site.url) as visitor:
        page = visitor.page
        page.clock.install()
        page.route(ALIVE, answer_busy)
        visitor.open("/")

        with page.expect_request(ALIVE):
            page.clock.run_for(INTERVAL)
        page.wait_for_timeout(A_MOMENT)
        page.clock.run_for(50_000)
        page.wait_for_timeout(A_MOMENT)
        assert len(asked) == 1
        expect(page.get_by_role("heading", level=2)).to_have_text("Everything answers")

        with page.expect_request(ALIVE):
            page.clock.run_for(10_000)


def test_asks_nothing_while_nobody_looks(site: Site, browser: Browser) -> None:
    asked: list[str] = []
    with visit(browser, site.url) as visitor:
        page = visitor.page
        page.on("request", lambda request: asked.append(request.url))
        page.clock.install()
        visitor.open("/")

        hide(page, True)
        page.clock.run_for(60_000)
        page.wait_for_timeout(A_MOMENT)
        assert not any("/api/alive" in url for url in asked)

        with page.expect_request(ALIVE):
            hide(page, False)
            page.clock.run_for(1)


def hide(page: Page, hidden: bool) -> None:
    """Do what the browser does when someone changes to another tab, and back."""
    page.evaluate(
        "hidden => {"
        "Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'));"
        "}",
        hidden,
    )


def test_lists_the_replicas_once_there_are_several(site: Site, browser: Browser) -> None:
    report = {"status": "ok", "release": "fedcba987654", "checks": {"database": "ok", "cache": "ok"}}
    with visit(browser, site.url) as visitor:
        page = visitor.page
        page.clock.install()
        page.route(ALIVE, lambda route: route.fulfill(json={**report, "replica": "another"}))
        visitor.open("/")
        replicas = page.locator("[data-replicas]")
        expect(replicas).to_be_hidden()

        page.clock.run_for(INTERVAL)
        expect(replicas).to_be_visible()
        rows = replicas.get_by_role("listitem")
        expect(rows).to_have_count(2)
        expect(rows.filter(has_text="another")).to_have_text(re.compile("another.*fedcba987654"))
        expect(rows.filter(has_text=socket.gethostname())).to_have_text(re.compile(RELEASE))
        expect(page.locator("[data-release]")).to_have_text("fedcba987654")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_sticks_out_at_the_side(site: Site, browser: Browser, viewport: ViewportSize) -> None:
    with visit(browser, site.url, viewport=viewport) as visitor:
        visitor.open("/")
        assert visitor.page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
