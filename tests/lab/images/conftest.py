"""Containers of the base images; all are gone when a test ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.docker import docker, unique_name

Start = Callable[..., str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a container in the background and returns its name.

    Its arguments are the image, the options of `docker create`, the `command`, and the `files` that
    the container has from the start, by their path in it.
    """
    names = []

    def start_container(
        image: str, *options: str, command: tuple[str, ...] = (), files: dict[str, str] | None = None
    ) -> str:
        name = unique_name("base-image")
        docker("create", "--name", name, *options, image, *command)
        names.append(name)
        for path, content in (files or {}).items():
            # Copied, not mounted: the engine may run on another machine.
            local = tmp_path / Path(path).name
            local.write_text(content)
            local.chmod(0o755)
            docker("cp", str(local), f"{name}:{path}")
        docker("start", name)
        return name

    yield start_container
    for name in names:
        docker("rm", "--force", "--volumes", name, check=False)
