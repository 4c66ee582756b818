"""Take the pictures of the README as the pages really look: `make pictures` writes docs/pictures/."""

import tempfile
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.redis_server import RedisServer
from tests.browser.site import Site
from tests.browser.visit import visit
from tests.docs.architecture import PICTURE, drawing
from tests.docs.page import DOCS
from tests.harness.bake import bake
from tests.harness.example import environment_for

SIZE = ViewportSize(width=1000, height=560)
# Two days in the life of the jobs, with a failure and a timeout.
HISTORY = """
from datetime import timedelta
from django.utils import timezone
from exampleapp.jobs.models import CrontabLine, Run

now = timezone.now()
for job, expression, every, minutes in (
    ("clear_sessions", "17 * * * *", 1, 2),
    ("daily_report", "0 */12 * * *", 12, 30),
    ("check_certificates", "30 */3 * * *", 3, 55),
):
    CrontabLine.objects.create(job=job, expression=expression)
    for hours in range(every, 49, every):
        begin = now - timedelta(hours=hours)
        bad = {("check_certificates", 6): "failed", ("check_certificates", 27): "timed_out"}
        state = bad.get((job, hours), "succeeded")
        Run.objects.create(job=job, state=state, started=begin, ended=begin + timedelta(minutes=minutes))
"""


def main() -> None:
    """Draw the architecture; serve the example as in production, and keep how two of its pages look."""
    PICTURE.write_text(drawing(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        project = bake(Path(folder))
        redis = RedisServer(Path(folder))
        redis.start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            site = Site(project, environment_for(project, "production"), redis.uri)
            session = prepare(site)
            with site.served(), visit(browser, site.url, viewport=SIZE) as visitor:
                page = visitor.page
                visitor.open("/")
                page.screenshot(path=DOCS / "pictures" / "home.png")
                site.take_session(page, session)
                visitor.open("/admin/jobs/run/timeline/")
                page.get_by_role("heading", name="Jobs", exact=True).wait_for()
                page.screenshot(path=DOCS / "pictures" / "jobs.png")
        finally:
            browser.close()
            redis.stop()


def prepare(site: Site) -> str:
    """Fill the database; return the session of `ada`, who may see everything."""
    site.manage("migrate")
    site.manage("shell", "--command", HISTORY)
    return site.session_of("ada")


if __name__ == "__main__":
    main()
