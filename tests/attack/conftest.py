"""The target: the example's proxy with the limits of the stack, or the site that the environment names."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.certificate import Certificate, make_certificate
from tests.harness.proxied import DOMAIN, proxied, site_folder, trust_forwarded_addresses
from tests.harness.site import Site

from .target import Target

# A little more than the largest number of connections.
FILES = 10_000

HOST = os.environ.get("ATTACK_HOST", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A foreign site needs no engine of ours."""
    folder = Path(__file__).parent
    for item in items:
        if not HOST and folder in item.path.parents:
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    if not HOST:
        own: Target = request.getfixturevalue("own_target")
        return own
    if os.environ.get("ATTACK_CONFIRM") != HOST:
        pytest.exit(
            f"ATTACK_HOST={HOST}: these tests attack that site, and its owner has to know. "
            f"Set ATTACK_CONFIRM={HOST} as well, if it is yours.",
            returncode=2,
        )
    return Target(
        Site(
            HOST,
            int(os.environ.get("ATTACK_HTTP_PORT", "80")),
            int(os.environ.get("ATTACK_HTTPS_PORT", "443")),
            # Without one: those that this machine trusts.
            os.environ.get("ATTACK_CERTIFICATE"),
            address=os.environ.get("ATTACK_ADDRESS", HOST),
        )
    )


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"), DOMAIN)


@pytest.fixture(scope="session")
def own_target(
    example: Path, proxy_image: str, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """The proxy as production runs it, before a stub of the app."""
    folder = site_folder(example, tmp_path_factory.mktemp("attacked") / "site")
    trust_forwarded_addresses(folder)
    with proxied(proxy_image, folder, certificate, "--cpus=1") as running:
        running.start_app(FILES=" ".join(f"{number:012x}.css" for number in range(20)))
        # Its own address: a program of the engine, with limits of its own, is behind the published ports.
        site = Site(DOMAIN, 8080, 8443, certificate.certificate, address=running.address)
        yield Target(site, running)


@pytest.fixture(scope="session")
def many_open_files() -> Iterator[None]:
    """Each connection is a file of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        pytest.skip(f"a process may open {hard} files here, and thousands of connections need {FILES}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
