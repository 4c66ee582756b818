"""The pages as a site: no link leads nowhere, nothing comes from another host, and a phone shows it all."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, sync_playwright

from lab.command import CommandFailedError
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.docs.page import DOCS
from tests.docs.site import build
from tests.harness.need import skip_or_fail

PHONE = ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("docs") / "site").parent


@pytest.fixture(scope="module")
def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_each_page_is_there(pages: list[Path], site: Path) -> None:
    built = {page.relative_to(site).with_suffix(".md").as_posix() for page in pages}
    written = {page.relative_to(DOCS).as_posix().replace("README", "index") for page in DOCS.rglob("*.md")}

    assert written <= built


@pytest.mark.parametrize("link", ["[x](nowhere.md)", "[x](reference.md#nowhere)"])
def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path, link: str) -> None:
    broken = Path(shutil.copytree(DOCS, tmp_path / "docs"))
    with (broken / "index.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{link}\n")

    with pytest.raises(CommandFailedError):
        build(tmp_path / "site", broken)


def test_nothing_is_loaded_from_another_host(pages: list[Path]) -> None:
    for page in pages:
        loaded = re.findall(
            r'<(?:script|img|link rel="(?:stylesheet|icon)")[^>]*(?:src|href)="([^"]+)"', page.read_text()
        )
        assert loaded, page
        assert [address for address in loaded if "//" in address] == [], page


@pytest.fixture(scope="module")
def phone() -> Iterator[Page]:
    """A browser as small as a phone's."""
    if not CHROMIUM.exists():
        skip_or_fail("not installed: chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser.new_page(viewport=PHONE)
        browser.close()


def test_no_page_is_wider_than_a_phone(pages: list[Path], phone: Page) -> None:
    for page in pages:
        phone.goto(page.as_uri())
        width = phone.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], page
