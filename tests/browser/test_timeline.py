"""The timeline of the jobs: every state can be seen, in both themes, on any screen."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.axe import violations
from tests.browser.site import Site
from tests.browser.visit import NARROW, WIDE, Visit, visit

pytestmark = pytest.mark.browser

STATES = ["succeeded", "failed", "timed_out", "interrupted", "running", "skipped"]
# A run of each state, four hours apart, and a due time in each hour to come.
HISTORY = f"""
from datetime import timedelta
from django.utils import timezone
from exampleapp.jobs.models import CrontabLine, Run

now = timezone.now()
CrontabLine.objects.create(job="clear_sessions", expression="@hourly")
for hours, state in enumerate({STATES}, start=1):
    # What runs still reaches until now: it may not cover the others.
    begin = now - timedelta(hours=1 if state == "running" else 4 * hours)
    end = None if state == "running" else begin
    Run.objects.create(job="clear_sessions", state=state, started=begin, ended=end, error="<b>Trace</b>")
"""


@pytest.fixture(scope="module")
def session(site: Site) -> str:
    """The session of `watcher`, who may see everything; with some history to see."""
    site.manage("shell", "--command", HISTORY)
    return site.session_of("watcher")


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def dark(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def visitor(
    site: Site, browser: Browser, session: str, dark: bool, request: pytest.FixtureRequest
) -> Iterator[Visit]:
    """Somebody who has signed in and looks at the timeline."""
    viewport: ViewportSize = request.param
    with visit(browser, site.url, viewport=viewport, dark=dark) as visitor:
        site.take_session(visitor.page, session)
        visitor.open("/admin/jobs/run/timeline/")
        expect(visitor.page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
        yield visitor


def test_every_state_has_a_bar_in_its_own_colour(visitor: Visit) -> None:
    bars = visitor.page.get_by_role("img", name="Runs of clear_sessions")
    colours = set()
    for state in STATES:
        bar = bars.locator(f"rect[data-state={state}]").first
        box = bar.bounding_box()
        assert box is not None
        assert box["width"] >= 1
        assert box["height"] >= 10
        colours.add(bar.evaluate("bar => getComputedStyle(bar).fill"))

    assert len(colours) == len(STATES)
    # Nothing was kept out by the Content-Security-Policy.
    assert visitor.problems == []


def test_nothing_is_wider_than_the_screen(visitor: Visit) -> None:
    page = visitor.page
    widest = page.evaluate("document.querySelector('.jobs').scrollWidth")

    assert widest <= page.evaluate("document.querySelector('.jobs').clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_everybody_can_use_it(visitor: Visit, axe: str) -> None:
    # Django's own part of the page is not ours to judge.
    assert violations(visitor.page, axe, ".jobs") == []


def test_leads_to_a_run_and_what_became_of_it(visitor: Visit) -> None:
    page = visitor.page
    page.get_by_role("link", name="7 days").click()
    expect(page.locator(".jobs-dates span")).to_have_count(7)
    page.locator("section", has_text="clear_sessions").locator("a").nth(1).click()

    expect(page.get_by_text("<b>Trace</b>")).to_be_visible()
    assert visitor.problems == []
