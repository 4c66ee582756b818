"""What the tests of the production image share."""

from collections.abc import Iterator

import pytest

from lab.docker import docker
from tests.app_image import containers
from tests.app_image.containers import Container, Services


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory, base_images: object) -> Iterator[Services]:  # noqa: ARG001
    """A database and a cache. A test that stops one starts it again."""
    with containers.services(tmp_path_factory.mktemp("secrets")) as running:
        yield running


@pytest.fixture(scope="session")
def migrated(app_image: str, services: Services) -> Services:
    """The same, with the app's tables in the database."""
    migrate = ("python", "manage.py", "migrate")
    docker("run", *containers.app_arguments(app_image, services, "--rm", command=migrate))
    return services


@pytest.fixture
def app(app_image: str, migrated: Services) -> Iterator[Container]:
    """One healthy replica. Its health is asked every second, so that a test need not wait ten."""
    with containers.app(app_image, migrated, "--health-interval=1s") as replica:
        replica.wait_until_healthy()
        yield replica
