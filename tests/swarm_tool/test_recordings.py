"""The recordings are what a docker client prints of today's stack."""

import shutil
from pathlib import Path

import pytest
from swarm_tool.stack import parse

from tests.harness.need import skip_or_fail

from .conftest import RECORDED
from .record import render


@pytest.fixture
def no_engine() -> None:
    """Here the real client renders the stack files; it needs no engine for that."""


def test_rendered_stack_is_the_one_of_today(example: Path) -> None:
    if not shutil.which("docker"):
        skip_or_fail("there is no docker client, which renders the stack files")
    recorded = parse((RECORDED / "rendered.yml").read_text(encoding="utf-8"))
    today = parse(render(example))

    # Each client writes the newest version that it knows.
    assert {**recorded, "version": ""} == {**today, "version": ""}, "the stack has changed: `make recordings`"
