"""One proxy before one stub for all tests that leave it as it was; the others start their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.certificate import Certificate, make_certificate
from tests.harness.proxied import DOMAIN, Proxied, allow_uploads, proxied, site_folder
from tests.harness.site import Site


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"), DOMAIN)


@pytest.fixture(scope="session")
def proxy(
    example: Path, proxy_image: str, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    """The proxy as a project ships it, before one replica of the stub."""
    folder = site_folder(example, tmp_path_factory.mktemp("site") / "site")
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app(FILES="app.0123456789ab.css")
        yield running


@pytest.fixture
def alone(example: Path, proxy_image: str, certificate: Certificate, tmp_path: Path) -> Iterator[Proxied]:
    """A proxy without any replica behind it, for tests that start and stop their own."""
    with proxied(proxy_image, site_folder(example, tmp_path / "site"), certificate) as running:
        yield running


@pytest.fixture
def site(proxy: Proxied) -> Site:
    return proxy.site


@pytest.fixture
def uploads(example: Path, proxy_image: str, certificate: Certificate, tmp_path: Path) -> Iterator[Site]:
    """A site with a path that takes large uploads."""
    folder = site_folder(example, tmp_path / "site")
    allow_uploads(folder)
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app()
        yield running.site
