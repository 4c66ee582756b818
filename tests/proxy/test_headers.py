"""What the app learns about a request, and what both logs say of it."""

import json
import re
from typing import Any

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.harness.proxied import DOMAIN, Proxied, proxied, site_folder
from tests.harness.site import Answer, Site

pytestmark = pytest.mark.engine


def test_a_forged_address_is_not_believed(proxy: Proxied) -> None:
    answer = proxy.site.get("/", x_forwarded_for="192.0.2.66", forwarded="for=192.0.2.66")

    told = headers_told(answer)
    gateway = docker(
        "network", "inspect", "--format={{(index .IPAM.Config 0).Gateway}}", proxy.network
    ).stdout.strip()
    assert told["x-forwarded-for"] == gateway
    assert "forwarded" not in told
    assert logged(proxy, answer)["client"] == gateway


def test_the_app_is_told_of_https_and_of_its_name(site: Site) -> None:
    told = headers_told(site.get("/", x_forwarded_proto="http", x_forwarded_host="elsewhere.example"))

    assert told["x-forwarded-proto"] == "https"
    assert told["host"] == DOMAIN
    assert "x-forwarded-host" not in told


def test_one_request_id_in_answer_app_and_log(proxy: Proxied) -> None:
    answer = proxy.site.get("/", x_request_id="forged")

    (request_id,) = answer.headers.get_all("X-Request-ID", [])
    assert re.fullmatch("[0-9a-f]{32}", request_id)
    assert answer.json()["headers"]["X-Request-ID"] == request_id
    assert logged(proxy, answer)["request_id"] == request_id


def test_the_log_is_json_whatever_the_request_holds(proxy: Proxied) -> None:
    answer = proxy.site.get("/quote%22?a=%22b", user_agent='"quoted" \\ backslash \x01')

    entry = logged(proxy, answer)
    assert entry["path"] == "/quote%22?a=%22b"
    assert entry["user_agent"] == '"quoted" \\ backslash \x01'
    assert entry["status"] == 200
    assert entry["method"] == "GET"
    assert entry["upstream"].endswith(":8000")
    assert entry["seconds"] >= 0


def test_a_port_of_its_own_is_part_of_every_link(
    example: Any, proxy_image: str, certificate: Any, tmp_path: Any
) -> None:
    """Django compares a form's Origin, which names the port, with the Host it was told."""
    folder = site_folder(example, tmp_path / "site", HTTPS_PORT="4443")
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app()

        assert running.site.get_plain("/page").headers["Location"] == f"https://{DOMAIN}:4443/page"
        assert running.site.get("/").json()["headers"]["Host"] == f"{DOMAIN}:4443"


def test_staging_is_not_for_search_engines(
    example: Any, proxy_image: str, certificate: Any, tmp_path: Any, site: Site
) -> None:
    folder = site_folder(example, tmp_path / "site")
    staging = example / "deploy" / "configs" / "staging" / "access.nginx.inc"
    (folder / "access.nginx.inc").write_text(staging.read_text())
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app()
        assert running.site.get("/").headers["X-Robots-Tag"] == "noindex, nofollow"

    assert "X-Robots-Tag" not in site.get("/").headers


def headers_told(answer: Answer) -> dict[str, str]:
    """Return the headers that the app got, by their names in lower case."""
    return {name.lower(): value for name, value in answer.json()["headers"].items()}


def logged(proxy: Proxied, answer: Answer) -> dict[str, Any]:
    """Return the line of the access log for an answer. It is written after the answer was sent."""
    needle = f'"request_id":"{answer.headers["X-Request-ID"]}"'
    lines = wait_until(
        lambda: [line for line in proxy.log().splitlines() if needle in line], 5, f"a log line with {needle}"
    )
    entry: dict[str, Any] = json.loads(lines[0])
    return entry


SAID_BY_NGINX = {
    "a job that is closed": ("POST", "/api/cron/", {}, 403),
    "dots": ("GET", "/x/../y", {}, 400),
    "a body that is too large": ("POST", "/", {"Content-Length": str(2**30)}, 413),
    "an address that is too long": ("GET", "/" + "x" * 9_000, {}, 414),
}
SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=3600",
    "Content-Security-Policy": "default-src 'none'; style-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@pytest.mark.parametrize("refusal", SAID_BY_NGINX)
def test_what_nginx_says_by_itself_has_the_headers_of_the_app(site: Site, refusal: str) -> None:
    method, path, headers, status = SAID_BY_NGINX[refusal]
    answer = site.request(method, path, headers=headers)

    assert answer.status == status
    assert {name: answer.headers.get_all(name) for name in SECURITY_HEADERS} == {
        name: [value] for name, value in SECURITY_HEADERS.items()
    }


def test_what_the_app_says_in_a_header_stays_as_it_is(site: Site) -> None:
    answer = site.get("/own-headers")

    assert all(answer.headers.get_all(name) == ["of the app"] for name in SECURITY_HEADERS)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"HSTS_SECONDS": "0"}, None),
        (
            {"HSTS_SECONDS": "31536000", "HSTS_INCLUDE_SUBDOMAINS": "True"},
            "max-age=31536000; includeSubDomains",
        ),
        (
            {"HSTS_SECONDS": "60", "HSTS_INCLUDE_SUBDOMAINS": "on", "HSTS_PRELOAD": "1"},
            "max-age=60; includeSubDomains; preload",
        ),
    ],
)
def test_hsts_is_what_the_environment_says(
    example: Any,
    proxy_image: str,
    certificate: Any,
    tmp_path: Any,
    settings: dict[str, str],
    said: str | None,
) -> None:
    folder = site_folder(example, tmp_path / "site", **settings)
    with proxied(proxy_image, folder, certificate) as running:
        assert running.site.request("POST", "/api/cron/").headers["Strict-Transport-Security"] == said


def test_links_that_are_keys_do_not_get_into_the_log(proxy: Proxied) -> None:
    page = "/reset?user=7&reset_token=swordfish&next=/"
    told = logged(proxy, proxy.site.get(page, referer=f"https://{DOMAIN}{page}"))

    assert told["path"] == "/reset?hidden"
    assert told["referer"] == f"https://{DOMAIN}/reset?hidden"
    assert logged(proxy, proxy.site.get("/search?q=tokens"))["path"] == "/search?q=tokens"
