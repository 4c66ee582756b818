"""One repository with its pipeline for all tests of this folder, and the commit that runs at first."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.clone import git
from tests.harness.need import skip_or_fail

from .gitlab import Run
from .world import World, world


@pytest.fixture(scope="package")
def the_world(
    example: Path, base_images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Registry, ssh server, and two environments where nothing runs yet."""
    for program in ("npm", "rsync", "ssh", "/usr/sbin/sshd"):
        if not shutil.which(program):
            skip_or_fail(f"there is no {program}")
    with world(example, tmp_path_factory.mktemp("pipeline"), base_images) as made:
        yield made


@pytest.fixture(scope="package")
def first(the_world: World) -> Run:
    """The pipeline of a commit on dev, from its checks to the staging stack."""
    git(the_world.repository, "checkout", "--quiet", "-b", "dev")
    the_world.vulnerabilities.known = {"django": ""}
    return the_world.gitlab.run(timeout=900)
