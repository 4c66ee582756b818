"""The deploy command as a whole: one copy for all projects, for every Python that a manager has."""

import ast
from pathlib import Path

import pytest
from swarm_tool import environment

from tests.harness.bake import bake

TOOL = environment.DEPLOY / "swarm_tool"
MODULES = sorted(TOOL.glob("*.py"))


def test_it_is_the_same_in_every_project(tmp_path: Path) -> None:
    project = bake(tmp_path, project_name="Café d'Été", project_slug="cafe_ete", time_zone="Europe/Lisbon")

    rendered = project / "deploy" / "swarm_tool"

    assert [path.name for path in sorted(rendered.iterdir())] == [path.name for path in MODULES]
    for path in MODULES:
        assert (rendered / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("path", [TOOL.with_name("swarm"), *MODULES], ids=lambda path: path.name)
def test_python_3_9_can_read_it(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
