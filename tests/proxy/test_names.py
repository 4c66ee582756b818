"""Which names and protocols are answered at all."""

import ssl
from http.client import BadStatusLine

import pytest

from tests.harness.proxied import DOMAIN
from tests.harness.site import Site

pytestmark = pytest.mark.engine


def test_http_is_told_to_use_https(site: Site) -> None:
    answer = site.get_plain("/some/page?with=query")

    assert answer.status == 308
    assert answer.headers["Location"] == f"https://{DOMAIN}/some/page?with=query"


def test_https_reaches_the_app(site: Site) -> None:
    assert site.get("/some/page").json()["path"] == "/some/page"


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1", f"www.{DOMAIN}"])
def test_another_host_is_hung_up_on(site: Site, host: str) -> None:
    with pytest.raises(BadStatusLine):
        site.get_plain("/", host=host)
    with pytest.raises(BadStatusLine):
        site.get("/", host=host)


@pytest.mark.parametrize("name", ["elsewhere.example", None])
def test_no_certificate_is_shown_for_another_name(site: Site, name: str | None) -> None:
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        site.connect_tls(name, anything_goes())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_tls_is_spoken(site: Site, version: ssl.TLSVersion) -> None:
    with site.connect_tls(DOMAIN, only(version)) as connection:
        assert connection.version() == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(site: Site, version: ssl.TLSVersion) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        site.connect_tls(DOMAIN, only(version))


def test_http_2_is_offered(site: Site) -> None:
    context = anything_goes()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with site.connect_tls(DOMAIN, context) as connection:
        assert connection.selected_alpn_protocol() == "h2"


def anything_goes() -> ssl.SSLContext:
    """A client that would take any certificate and any cipher."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def only(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = anything_goes()
    context.minimum_version = version
    context.maximum_version = version
    return context
