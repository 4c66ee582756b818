"""Fixtures and markers that all tests share."""

import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest

from lab.docker import docker, engine_answers, is_swarm_manager, unique_name
from lab.images.provide import provide
from tests import summary
from tests.harness.alone import alone
from tests.harness.bake import bake
from tests.harness.example import environment_for
from tests.harness.images import build
from tests.harness.need import skip_or_fail

# The deploy command is imported from the project's folder, where byte code would be rendered.
sys.dont_write_bytecode = True


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project rendered with the default answers. Read-only: a test that writes bakes its own."""
    return bake(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def example_python(example: Path) -> Path:
    """The Python of a virtual environment with the example's requirements/local.txt."""
    return environment_for(example)


@pytest.fixture(scope="session")
def production_python(example: Path) -> Path:
    """The Python of a virtual environment with the example's requirements/production.txt."""
    return environment_for(example, "production")


@pytest.fixture(scope="session")
def base_images(pytestconfig: pytest.Config) -> dict[str, str]:
    """The base images are there, pulled or stood in for. For each its name and which of the two it is."""
    with alone("base-images"):
        used = dict(provide())
    summary.note_base_images(pytestconfig, used)
    return used


@pytest.fixture(scope="session")
def proxy_image(example: Path, base_images: object) -> Iterator[str]:  # noqa: ARG001
    """The image of the example's proxy, under a name of its own; removed at the end."""
    tag = unique_name("proxy-image")
    docker("build", f"--file={example / 'deploy/proxy/Dockerfile'}", f"--tag={tag}", str(example))
    yield tag
    docker("image", "rm", tag, check=False)


@pytest.fixture(scope="session")
def app_image(example: Path, base_images: object) -> Iterator[str]:  # noqa: ARG001
    """The tag of the example's production image, built from the release 0123abc."""
    tag = unique_name("app-image")
    build(example, "docker/app/Dockerfile", tag, "--build-arg=RELEASE=0123abc")
    yield tag
    docker("image", "rm", "--force", tag)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Note a measured figure; all of them are printed at the end of the run."""
    return partial(summary.note_figure, request.config)


# The engine is asked once a run, not once a test.
has_engine = cache(engine_answers)
has_swarm = cache(is_swarm_manager)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(summary)


# First, so that no fixture of a test starts before we know whether the test can run.
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("engine") and not has_engine():
        skip_or_fail("no Docker engine answers (`make engine` starts one)")
    if item.get_closest_marker("swarm") and not has_swarm():
        skip_or_fail("the Docker engine is no swarm manager (`make engine` starts one)")
