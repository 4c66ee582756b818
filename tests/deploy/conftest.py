"""One environment for all tests of this folder; before each of them a good release runs in it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.docker import unique_name
from tests.harness.trial import Trial


@pytest.fixture(scope="package")
def deployed(example: Path, proxy_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The environment after `init` and a first deploy of release `one`."""
    project = Path(shutil.copytree(example, tmp_path_factory.mktemp("deploy") / "exampleapp"))
    trial = Trial(unique_name("trial"), project, proxy_image)
    try:
        trial.prepare()
        trial.swarm("init")
        trial.deploy("one")
        yield trial
    finally:
        trial.remove()


@pytest.fixture
def trial(deployed: Trial, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """The environment with release `one`; after a failure, what its services said."""
    deployed.configure()
    if not deployed.is_settled("one"):
        deployed.deploy("one")
    failures = request.session.testsfailed
    yield deployed
    if request.session.testsfailed > failures:
        print(deployed.logs())
