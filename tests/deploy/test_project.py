"""The project's own image from an empty swarm to an update under load; other tests use a quicker stand-in."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.docker import docker, unique_name
from tests.harness.images import build
from tests.harness.load import load
from tests.harness.trial import Trial

pytestmark = pytest.mark.swarm


RELEASES = ("0123abc", "4567def")


@pytest.fixture
def images(example: Path, base_images: object) -> Iterator[list[str]]:  # noqa: ARG001
    """The project as two releases; of the second everything but its name comes from the cache."""
    name = unique_name("project-image")
    tags = [f"{name}:{release}" for release in RELEASES]
    for tag, release in zip(tags, RELEASES, strict=True):
        build(example, "docker/app/Dockerfile", tag, f"--build-arg=RELEASE={release}")
    yield tags
    docker("image", "rm", "--force", *tags)


@pytest.fixture
def fresh(example: Path, proxy_image: str, tmp_path: Path) -> Iterator[Trial]:
    """An environment in which nothing was done yet; with one replica, nobody stands in for it."""
    project = Path(shutil.copytree(example, tmp_path / "exampleapp"))
    trial = Trial(unique_name("project"), project, proxy_image, settings={"REPLICAS": "1"})
    trial.prepare()
    try:
        yield trial
    finally:
        trial.remove()


def test_first_deploy_and_update(fresh: Trial, images: list[str], figure: Callable[[str], None]) -> None:
    fresh.swarm("init")
    assert "Applying users.0001_initial..." in fresh.swarm("deploy", f"--image={images[0]}")
    assert answering(fresh) == RELEASES[0]

    with load(fresh.site, "/", 100) as running:
        printed = fresh.swarm("deploy", f"--image={images[1]}")

    figure(f"update of the project itself: {running}; {printed.splitlines()[-1]}")
    assert running.failures == []
    assert answering(fresh) == RELEASES[1]
    assert "succeeded" in fresh.swarm("run", "--", "python", "manage.py", "run_job", "clear_sessions")
    fresh.swarm("rollback")
    assert answering(fresh) == RELEASES[0]


def answering(trial: Trial) -> str:
    trial.take_certificate()
    return str(trial.site.get("/api/alive").json()["release"])
