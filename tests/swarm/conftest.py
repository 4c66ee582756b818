"""One deployed stack for all tests of this folder. After each of them it is whole again."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.docker import unique_name
from tests.harness.certificate import make_certificate
from tests.harness.need import skip_or_fail
from tests.harness.site import Site
from tests.harness.stack import Stack, deployed, made_whole


@pytest.fixture(scope="package")
def stack(
    example: Path, app_image: str, proxy_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The example in production: healthy, with its tables."""
    if os.geteuid() != 0:
        skip_or_fail("these tests look into processes and networks of containers, which takes root")
    certificate = make_certificate(tmp_path_factory.mktemp("swarm"), "example.com")
    with deployed(Stack(unique_name("stack"), example, app_image, proxy_image, certificate)) as running:
        yield running


@pytest.fixture
def site(stack: Stack) -> Site:
    return stack.site


@pytest.fixture(autouse=True)
def whole_again(stack: Stack, request: pytest.FixtureRequest) -> Iterator[None]:
    with made_whole(stack, request.session):
        yield
