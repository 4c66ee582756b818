"""Build the images of a rendered project."""

from pathlib import Path

from lab.docker import docker


def build(project: Path, dockerfile: str, tag: str, *options: str) -> None:
    """Build one image with the project's root as context, as every Dockerfile of the project expects.

    `dockerfile` is its path below `project`; `options` go to `docker build` as they are. Raises
    CommandFailedError, with the build's output, when it fails.
    """
    docker(
        "build",
        "--progress=plain",
        f"--file={project / dockerfile}",
        f"--tag={tag}",
        *options,
        str(project),
    )
