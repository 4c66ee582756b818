"""Fixtures of the tests that look at rendered projects."""

from pathlib import Path

import pytest

from tests.harness.example import environment_for


@pytest.fixture(scope="session")
def docker_python(example: Path) -> Path:
    """The Python of a virtual environment with the example's requirements/docker.txt."""
    return environment_for(example, "docker")
