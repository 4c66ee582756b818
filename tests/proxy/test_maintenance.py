"""The maintenance page: shown when nobody answers, or when it is switched on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.harness.certificate import Certificate
from tests.harness.proxied import Proxied, proxied, site_folder
from tests.harness.site import Answer, Site

pytestmark = pytest.mark.engine


def assert_is_maintenance_page(answer: Answer, status: int) -> None:
    assert answer.status == status
    assert answer.headers["Retry-After"] == "30"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=3600"]
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert "style-src 'unsafe-inline'" in answer.headers["Content-Security-Policy"]
    assert '<meta http-equiv="refresh"' in answer.text


def test_no_replica_at_all(alone: Proxied) -> None:
    for method in ("GET", "POST"):
        assert_is_maintenance_page(alone.site.request(method, "/"), 502)
    assert_is_maintenance_page(alone.site.get("/static/x.css"), 502)


def test_no_replica_that_accepts_connections(alone: Proxied) -> None:
    alone.start_deaf()

    assert_is_maintenance_page(alone.site.get("/"), 502)


def test_a_replica_that_never_answers(
    example: Path, proxy_image: str, certificate: Certificate, tmp_path: Path
) -> None:
    folder = site_folder(example, tmp_path / "site")
    common = folder / "site.conf"
    common.write_text(common.read_text().replace("proxy_read_timeout 60s", "proxy_read_timeout 1s"))
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app()
        assert_is_maintenance_page(running.site.get("/slow/5"), 504)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_the_apps_own_errors_pass_as_they_are(site: Site, status: int) -> None:
    answer = site.get(f"/status/{status}")

    assert answer.status == status
    assert answer.json() == {"from": "the app"}
    assert "Retry-After" not in answer.headers


def test_the_health_of_the_app_passes_as_it_is(site: Site) -> None:
    assert site.get("/api/alive").json() == {"status": "unavailable"}


def test_the_page_needs_nothing_else(closed: Site) -> None:
    page = closed.get("/").text

    assert not re.search(r"""(src|href)\s*=|url\(|@import""", page)


@pytest.fixture
def closed(proxy: Proxied) -> Iterator[Site]:
    """The site while the maintenance page is switched on."""
    proxy.maintenance(on=True)
    yield proxy.site
    proxy.maintenance(on=False)


def test_switched_on_everybody_sees_it(closed: Site) -> None:
    for path in ("/", "/admin/", "/static/app.0123456789ab.css", "/api/cron/"):
        assert_is_maintenance_page(closed.get(path), 503)
    assert_is_maintenance_page(closed.request("POST", "/form", body="x=1"), 503)


def test_switched_on_the_health_of_the_app_is_still_told(closed: Site) -> None:
    assert closed.get("/api/alive").json() == {"status": "unavailable"}


def test_switched_off_the_site_is_back(proxy: Proxied) -> None:
    proxy.maintenance(on=True)
    assert proxy.site.get("/").status == 503
    proxy.maintenance(on=False)
    assert proxy.site.get("/").status == 200


def test_an_exempt_address_sees_the_site(
    example: Path, proxy_image: str, certificate: Certificate, tmp_path: Path
) -> None:
    folder = site_folder(example, tmp_path / "site")
    access = folder / "access.nginx.inc"
    access.write_text(access.read_text().replace("# 192.0.2.0/24 1;", "0.0.0.0/0 1;"))
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app()
        running.maintenance(on=True)
        assert running.site.get("/").status == 200


def test_the_switch_outlives_the_container(alone: Proxied) -> None:
    alone.start_app()
    alone.maintenance(on=True)
    docker("restart", alone.proxy)
    wait_until(alone.is_healthy, 20, "the proxy after its restart")

    assert alone.site.get("/").status == 503


def test_the_page_itself_cannot_be_asked_for(site: Site) -> None:
    assert site.get("/.maintenance").status == 404
