"""The example with jobs to test with, deployed once for all tests of this folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.docker import docker, unique_name
from tests.harness.bake import bake
from tests.harness.certificate import make_certificate
from tests.harness.images import build
from tests.harness.stack import Stack, deployed, made_whole

from .client import Client

CRONTAB = "".join(f"* * * * * tick{number}\n" for number in (1, 2, 3, 4, 5))


@pytest.fixture(scope="package")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An example of one's own, with the jobs of `example_jobs.txt`."""
    project = bake(tmp_path_factory.mktemp("jobs"))
    shutil.copy(Path(__file__).with_name("example_jobs.txt"), project / "exampleapp" / "users" / "jobs.py")
    (project / "deploy" / "configs" / "all" / "crontab").write_text(CRONTAB)
    return project


@pytest.fixture(scope="package")
def image(project: Path, base_images: object) -> Iterator[str]:  # noqa: ARG001
    """The production image of this project."""
    tag = unique_name("jobs-image")
    build(project, "docker/app/Dockerfile", tag, "--build-arg=RELEASE=0123abc")
    yield tag
    docker("image", "rm", "--force", tag)


@pytest.fixture(scope="package")
def stack(
    project: Path, image: str, proxy_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Two replicas, PostgreSQL and a scheduler, all healthy."""
    certificate = make_certificate(tmp_path_factory.mktemp("certificate"), "example.com")
    with deployed(Stack(unique_name("jobs"), project, image, proxy_image, certificate)) as running:
        yield running


@pytest.fixture
def client(stack: Stack) -> Client:
    return Client(stack, stack.secrets["cron_api_key"])


@pytest.fixture(autouse=True)
def whole_again(stack: Stack, request: pytest.FixtureRequest) -> Iterator[None]:
    with made_whole(stack, request.session):
        yield
