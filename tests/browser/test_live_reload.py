"""With the settings for containers the page follows the sources of the front end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from lab.ports import free_port
from tests.browser.redis_server import RedisServer
from tests.browser.site import Site
from tests.browser.visit import visit
from tests.harness.process import listens, running

pytestmark = pytest.mark.browser


@pytest.fixture
def development_site(production_python: Path, redis: RedisServer, frontend: Path) -> Iterator[str]:
    """Django's development server and esbuild's, as the services `app` and `static` run them."""
    port, static_port = free_port(), free_port()
    project = frontend.parent
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "exampleapp.settings.docker",
        "DATABASE_URI": f"sqlite:///{project}/data/db.sqlite3",
        "REDIS_URI": redis.uri,
        "LIVE_RELOAD_URL": f"http://127.0.0.1:{static_port}",
        "PORT": str(static_port),
    }
    django: list[str | Path] = [
        production_python,
        "manage.py",
        "runserver",
        "--noreload",
        f"127.0.0.1:{port}",
    ]
    esbuild = ["node", "build.mjs", "--watch"]
    with (
        running(esbuild, frontend, environment, lambda: listens(static_port)),
        running(django, project, environment, lambda: listens(port)),
    ):
        yield f"http://127.0.0.1:{port}"


def test_a_change_of_the_sources_reloads_the_page(
    development_site: str, frontend: Path, browser: Browser
) -> None:
    style_sheet = frontend / "src" / "page.css"
    before = style_sheet.read_text(encoding="utf-8")
    with visit(browser, development_site) as visitor:
        page = visitor.page
        # esbuild tells of a change only those who listen already.
        with page.expect_response("**/esbuild"):
            visitor.open("/")
        expect(page.locator("body")).to_have_css("margin-top", "0px")

        style_sheet.write_text(f"{before}\nbody {{\n  margin-top: 7px;\n}}\n", encoding="utf-8")
        try:
            expect(page.locator("body")).to_have_css("margin-top", "7px", timeout=15_000)
        finally:
            style_sheet.write_text(before, encoding="utf-8")
        assert visitor.problems_but("/esbuild") == []


def test_production_listens_to_nobody(site: Site, browser: Browser) -> None:
    with visit(browser, site.url) as visitor:
        response = visitor.open("/")

        assert "connect-src 'self';" in f"{response.header_value('Content-Security-Policy')};"
        expect(visitor.page.locator("meta[name=live-reload]")).to_have_count(0)
