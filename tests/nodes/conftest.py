"""The example on a swarm of two nodes, which take every image from a registry."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.docker import docker, unique_name
from lab.nodes import Node, swarm_of
from lab.registry import OpenRegistry, open_registry
from tests.harness.trial import Trial

CRONTAB = "* * * * * clear_sessions\n"


@pytest.fixture(scope="package")
def nodes(base_images: object) -> Iterator[list[Node]]:  # noqa: ARG001
    """Two nodes; the first is the manager."""
    with swarm_of(2) as found:
        yield found


@pytest.fixture(scope="package")
def registry(nodes: list[Node]) -> Iterator[OpenRegistry]:
    """A registry that this machine pushes to, and the nodes pull from."""
    with open_registry(nodes[0].network) as running:
        yield running


@pytest.fixture(scope="package")
def deployed(
    nodes: list[Node],
    registry: OpenRegistry,
    example: Path,
    app_image: str,
    proxy_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Trial]:
    """The example after `init` and a first deploy; it ends with its nodes."""
    project = Path(shutil.copytree(example, tmp_path_factory.mktemp("nodes") / "exampleapp"))
    (project / "deploy/configs/all/crontab").write_text(CRONTAB, encoding="utf-8")
    trial = Trial(unique_name("trial"), project, proxy_image, nodes[0].address)
    trial.settings = {
        "DOCKER_HOST": nodes[0].host,
        "PROXY_IMAGE": registry.push(proxy_image, "proxy:1"),
        "DATABASE_IMAGE": registry.push("postgres:17-trixie", "postgres:17"),
        "CACHE_IMAGE": registry.push("redis:8-trixie", "redis:8"),
    }
    trial.prepare()
    try:
        trial.swarm("init", "--database-node", nodes[0].name)
        trial.swarm("deploy", "--image", registry.push(app_image, "app:0123abc"))
        yield trial
    finally:
        docker("image", "rm", *trial.images)
