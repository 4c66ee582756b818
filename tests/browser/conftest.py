"""The site and the browser that all tests here share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from lab.command import run
from tests.browser.axe import axe_source
from tests.browser.redis_server import RedisServer
from tests.browser.site import Site
from tests.harness.need import skip_or_fail

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",  # root has no sandbox to drop into
    "--disable-gpu",
    # Chromium is to talk to the site alone.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PROGRAMS = {"chromium": str(CHROMIUM), "redis-server": "redis-server", "openssl": "openssl", "npm": "npm"}


# First, so that no fixture of a test starts before we know whether the test can run.
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip the browser's tests on a machine that lacks a program they need."""
    if item.get_closest_marker("browser"):
        missing = [package for package, program in PROGRAMS.items() if not shutil.which(program)]
        if missing:
            skip_or_fail(f"not installed: {', '.join(missing)} (apt-get install {' '.join(missing)})")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    return axe_source()


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A running Redis. A test that stops it starts it again."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def site(
    example: Path, production_python: Path, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The example project, migrated and served as in production."""
    project = shutil.copytree(example, tmp_path_factory.mktemp("site") / "project")
    site = Site(project, production_python, redis.uri)
    site.manage("migrate")
    with site.served():
        yield site


@pytest.fixture(scope="session")
def broken_site(
    example: Path, production_python: Path, redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The same without a single table in its database."""
    project = shutil.copytree(example, tmp_path_factory.mktemp("broken") / "project")
    site = Site(project, production_python, redis.uri)
    with site.served():
        yield site


@pytest.fixture(scope="session")
def frontend(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a front end with its packages installed. A test that changes it changes it back."""
    project = shutil.copytree(example, tmp_path_factory.mktemp("frontend") / "project")
    run(["npm", "ci", "--no-audit", "--no-fund"], cwd=project / "frontend")
    return project / "frontend"
