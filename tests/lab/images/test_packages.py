"""Packages of the three registries install in a build, as the project's Dockerfiles do it."""

from pathlib import Path

import pytest

from lab.docker import docker, unique_name

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]


@pytest.mark.parametrize(
    ("image", "command"),
    [
        ("debian:trixie-slim", "apt-get update && apt-get install -y --no-install-recommends netbase"),
        ("python:3.13-slim-trixie", "python -m venv /venv && /venv/bin/pip install --no-cache-dir six"),
        ("node:22-trixie-slim", "npm install isarray"),
    ],
)
def test_packages_install_in_a_build(tmp_path: Path, image: str, command: str) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {image}\nWORKDIR /build\nRUN {command}\n")
    name = unique_name("packages")

    docker("build", "--no-cache", "--tag", name, str(tmp_path))

    docker("image", "rm", name)
