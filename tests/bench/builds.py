"""How large the image is, and how long its builds take."""

import secrets
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from lab.command import run
from lab.docker import docker
from tests.bench.figure import Figure

BASE = "python:3.13-slim-trixie"
DOCKERFILE = "docker/app/Dockerfile"
CHANGED = "exampleapp/home/views.py"
REBUILDS = 5
MEGABYTE = 1_000_000


def measure_builds(project: Path, tag: str) -> list[Figure]:
    """Build the image without layer cache, then again after small changes. Leaves it behind as `tag`."""
    build = ["docker", "build", f"--file={DOCKERFILE}", f"--tag={tag}", "."]
    cold = [*build[:2], "--no-cache", *build[2:]]
    # Fills the caches of pip and npm, which a build machine keeps.
    run(cold, cwd=project)
    return [
        Figure("cold build, warm package cache", timed(cold, project), "s", shlex.join(cold), at_most=20),
        Figure(
            "rebuild after a one-line code change",
            median(rebuild(build, project) for _ in range(REBUILDS)),
            "s",
            f"echo '# 1' >> {CHANGED} && {shlex.join(build)}   # median of {REBUILDS}",
            at_most=1.5,
        ),
    ]


def measure_size(tag: str) -> list[Figure]:
    """Look at what the image adds to its base."""
    size, layers = "{{.Size}}", "{{len .RootFS.Layers}}"
    difference = f"docker image inspect --format '{{}}' {tag} {BASE}   # the difference"
    return [
        Figure(
            "image above its base",
            round((inspect(size, tag) - inspect(size, BASE)) / MEGABYTE, 1),
            "MB",
            difference.format(size),
            at_most=60,
        ),
        Figure(
            "layers above its base",
            inspect(layers, tag) - inspect(layers, BASE),
            "",
            difference.format(layers),
        ),
    ]


def inspect(template: str, image: str) -> int:
    """Return a number that the engine knows of an image."""
    return int(docker("image", "inspect", "--format", template, image).stdout)


def rebuild(build: Sequence[str], project: Path) -> float:
    """Change one line of the code and build; return the seconds that the build took."""
    with (project / CHANGED).open("a", encoding="utf-8") as code:
        # A line that no earlier run wrote: the engine would remember what it built from that one.
        code.write(f"# {secrets.token_hex(4)}\n")
    return timed(build, project)


def timed(command: Sequence[str], folder: Path) -> float:
    """Run a command in a folder and return the seconds it took."""
    start = time.monotonic()
    run(command, cwd=folder)
    return round(time.monotonic() - start, 2)
