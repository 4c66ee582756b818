"""The site as its visitors see it, through the proxy, with everything behind it."""

import json
import re
import ssl
from http.client import BadStatusLine
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from lab.docker import docker
from tests.harness.client_machine import client_machine
from tests.harness.running import inspect
from tests.harness.site import Answer, Site
from tests.harness.stack import Stack
from tests.harness.totp import totp

pytestmark = pytest.mark.swarm

SECOND_FACTOR = "/admin/second-factor/"


def test_home_page(site: Site) -> None:
    answer = site.get("/")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_every_static_file_of_the_home_page(site: Site) -> None:
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', site.get("/").text)

    assert files
    for path in files:
        answer = site.get(path, accept_encoding="gzip")
        assert answer.status == 200, path
        assert "immutable" in answer.headers["Cache-Control"], path


def test_a_style_sheet_comes_compressed(site: Site) -> None:
    (path,) = re.findall(r'href="(/static/[^"]+\.css)"', site.get("/").text)

    assert site.get(path, accept_encoding="gzip, br").headers["Content-Encoding"] in ("br", "gzip")
    assert site.get(path).headers["Content-Encoding"] is None


def test_health(site: Site) -> None:
    answer = site.get("/api/alive")

    assert answer.status == 200
    assert answer.json()["checks"] == {"database": "ok", "cache": "ok"}
    assert "no-store" in answer.headers["Cache-Control"]


def test_logging_in_to_the_admin(site: Site, stack: Stack) -> None:
    password = "correct horse battery staple"  # noqa: S105
    create = (
        "python",
        "manage.py",
        "createsuperuser",
        "--no-input",
        "--username=ada",
        "--email=ada@example.com",
    )
    docker("exec", f"--env=DJANGO_SUPERUSER_PASSWORD={password}", stack.container("app"), *create)

    jar: SimpleCookie = SimpleCookie()
    send(site, jar, "GET", "/admin/login/")
    welcome = send(site, jar, "POST", "/admin/login/", username="ada", password=password, next="/admin/")
    assert (welcome.status, welcome.headers["Location"]) == (302, "/admin/")

    # The password alone opens nothing.
    stopped = send(site, jar, "GET", "/admin/")
    assert (stopped.status, stopped.headers["Location"]) == (302, f"{SECOND_FACTOR}?next=/admin/")
    key = re.search(r"secret=([A-Z2-7]+)", send(site, jar, "GET", SECOND_FACTOR).text)
    assert key
    assert send(site, jar, "POST", SECOND_FACTOR, code=totp(key[1])).status == 200

    assert "ada" in send(site, jar, "GET", "/admin/").text


def send(site: Site, jar: SimpleCookie, method: str, path: str, **fields: str) -> Answer:
    """Ask as a browser would, which sends its cookies and keeps new ones."""
    origin = f"https://{site.domain}:{site.https_port}"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items()),
        "Origin": origin,
        "Referer": f"{origin}{path}",
    }
    if fields:
        fields["csrfmiddlewaretoken"] = jar["__Host-csrftoken"].value
    answer = site.request(method, path, urlencode(fields), headers)
    for cookie in answer.headers.get_all("Set-Cookie", []):
        jar.load(cookie)
    return answer


def test_http_is_told_to_use_https(site: Site) -> None:
    answer = site.get_plain("/page?q=1")

    assert answer.status == 308
    assert answer.headers["Location"] == f"https://{site.domain}:{site.https_port}/page?q=1"


def test_another_host_is_hung_up_on(site: Site) -> None:
    with pytest.raises(BadStatusLine):
        site.get_plain("/", host="elsewhere.example")
    with pytest.raises(BadStatusLine):
        site.get("/", host="elsewhere.example")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_1_is_refused(site: Site) -> None:
    context = ssl.create_default_context(cafile=site.certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        site.connect_tls(site.domain, context)


def test_security_headers(site: Site) -> None:
    headers = site.get("/").headers

    assert headers["Strict-Transport-Security"].startswith("max-age=3600")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    # Neither the server nor its version.
    assert headers["Server"] == "nginx"
    # Each of them once: two different ones contradict each other.
    assert len(headers.keys()) == len({name.lower() for name in headers})


def test_the_clients_real_address_is_known_and_a_forged_one_is_not_believed(stack: Stack, site: Site) -> None:
    with client_machine() as machine:
        request_id = machine.get(site, "/page", "X-Forwarded-For: 192.0.2.66").headers["X-Request-ID"]

    (line,) = stack.lines_with("proxy", request_id)
    assert json.loads(line)["client"] == machine.address


def test_one_request_id_in_the_logs_of_proxy_and_app(stack: Stack, site: Site) -> None:
    request_id = site.get("/page").headers["X-Request-ID"]

    for service in ("proxy", "app"):
        (line,) = stack.lines_with(service, request_id)
        assert json.loads(line)["request_id"] == request_id


def test_every_service_carries_its_release(stack: Stack) -> None:
    for service in inspect("service", *(f"{stack.name}_{name}" for name in stack.replicas())):
        assert service["Spec"]["Labels"]["release"] == "0123abc"
