"""How much one client may ask for, and where nobody from outside may go."""

import time
from pathlib import Path

import pytest

from tests.harness.certificate import Certificate
from tests.harness.proxied import Proxied, proxied, site_folder, trust_forwarded_addresses
from tests.harness.site import Site

pytestmark = pytest.mark.engine

MEBIBYTE = 1024 * 1024


def test_a_body_may_have_one_mebibyte(site: Site) -> None:
    assert site.request("POST", "/form", body=b"x" * MEBIBYTE).json()["length"] == MEBIBYTE
    assert site.request("POST", "/form", headers={"Content-Length": str(MEBIBYTE + 1)}).status == 413


def test_a_path_may_take_larger_uploads(uploads: Site) -> None:
    upload = "/documents/upload/"

    assert uploads.request("POST", upload, body=bytes(50 * MEBIBYTE)).json()["length"] == 50 * MEBIBYTE
    assert uploads.request("POST", upload, headers={"Content-Length": str(50 * MEBIBYTE + 1)}).status == 413
    assert uploads.request("POST", "/form", headers={"Content-Length": str(MEBIBYTE + 1)}).status == 413


def test_headers_have_a_limit(site: Site) -> None:
    assert site.get("/", x_long="x" * 7000).status == 200
    assert site.get("/", x_long="x" * 9000).status == 400
    assert site.get("/" + "x" * 9000).status == 414


def test_a_client_that_takes_its_time_is_hung_up_on(site: Site) -> None:
    """Five seconds for the headers of a request, or a few slow clients could hold all connections."""
    began = time.monotonic()
    with site.connect_tls(site.domain) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: example.com\r\nX-Slow: ")
        assert connection.recv(1) == b""
    assert time.monotonic() - began < 15


def test_passwords_cannot_be_guessed_quickly(alone: Proxied) -> None:
    alone.start_app()
    login = "/admin/login/"

    attempts = [alone.site.request("POST", login, body="password=guess").status for _ in range(12)]

    # The first, the five that are free, and none of the others within a second or two.
    assert attempts[:6] == [200] * 6
    assert attempts[6:] == [429] * 6
    assert alone.site.get(login).status == 200


def test_the_health_check_cannot_be_used_to_burden_the_database(alone: Proxied) -> None:
    alone.start_app()

    statuses = [alone.site.get("/api/alive").status for _ in range(60)]

    assert statuses[:11] == [503] * 11
    assert 429 in statuses


def test_scheduled_jobs_are_closed_from_outside(site: Site) -> None:
    for path in (
        "/api/cron/",
        "/api/cron/clear_sessions",
        "/api/%63ron/x",
    ):
        assert site.request("POST", path).status == 403, path


def test_a_path_that_is_read_in_two_ways_leads_to_no_job(site: Site) -> None:
    """nginx decides by a path without dots and doubled slashes, and the app gets it as it was sent."""
    assert site.request("POST", "/api/x/../cron/").status == 400
    # To the app this is not the path of a job.
    assert site.request("GET", "/api//cron/x").json()["path"] == "/api//cron/x"


def test_scheduled_jobs_are_open_to_a_configured_range(
    example: Path, proxy_image: str, certificate: Certificate, tmp_path: Path
) -> None:
    folder = site_folder(example, tmp_path / "site")
    access = folder / "access.nginx.inc"
    access.write_text(access.read_text().replace("# 192.0.2.10/32 1;", "0.0.0.0/0 1;"))
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app()
        assert running.site.request("POST", "/api/cron/clear_sessions").status == 200


def test_the_admin_may_be_open_to_a_configured_range_alone(
    example: Path, proxy_image: str, certificate: Certificate, tmp_path: Path
) -> None:
    folder = site_folder(example, tmp_path / "site")
    trust_forwarded_addresses(folder)
    access = folder / "access.nginx.inc"
    admin = "geo $admin_allowed {\n    default "
    access.write_text(access.read_text().replace(f"{admin}1;\n    # ", f"{admin}0;\n    "))
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app()
        for path in ("/admin/", "/admin/login/", "/admin/auth/user/"):
            assert running.site.get(path, x_forwarded_for="192.0.2.7").status == 200
            assert running.site.get(path, x_forwarded_for="198.51.100.7").status == 403
        assert running.site.get("/", x_forwarded_for="198.51.100.7").status == 200


def test_an_ipv6_network_guesses_no_faster_than_one_address(
    example: Path, proxy_image: str, certificate: Certificate, tmp_path: Path
) -> None:
    folder = site_folder(example, tmp_path / "site")
    trust_forwarded_addresses(folder)
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app()

        def attempt(address: str) -> int:
            headers = {"X-Forwarded-For": address}
            return running.site.request("POST", "/admin/login/", body="x=1", headers=headers).status

        assert [attempt(f"2001:db8::{number:x}") for number in range(1, 9)] == [200] * 6 + [429] * 2
        assert attempt("2001:db8:0:1::1") == 200
