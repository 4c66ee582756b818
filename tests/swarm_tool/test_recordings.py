"""The recordings are what a docker client and an engine say of today's stack."""

import shutil
from pathlib import Path

import pytest
from swarm_tool.stack import parse

from tests.harness.need import skip_or_fail

from .conftest import RECORDED, recorded
from .record import made_of, render


@pytest.fixture
def no_engine() -> None:
    """Here the real client renders the stack files; it needs no engine for that."""


def test_rendered_stack_is_the_one_of_today(example: Path) -> None:
    if not shutil.which("docker"):
        skip_or_fail("there is no docker client, which renders the stack files")
    stack = parse((RECORDED / "rendered.yml").read_text(encoding="utf-8"))
    today = parse(render(example))

    # Each client writes the newest version that it knows.
    assert {**stack, "version": ""} == {**today, "version": ""}, "the stack has changed: `make recordings`"


@pytest.mark.parametrize("moment", sorted(path.stem for path in RECORDED.glob("*.json")))
def test_moment_is_one_of_the_app_of_today(moment: str) -> None:
    stack = parse((RECORDED / "rendered.yml").read_text(encoding="utf-8"))

    assert recorded(moment)["made_of"] == made_of(stack), (
        "the app has changed: `make recordings`, with a swarm"
    )
