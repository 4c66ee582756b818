"""An engine that has never built anything, as on a runner that was just installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from lab.command import run
from lab.docker import docker, unique_name
from lab.wait import wait_until

IMAGE = "docker:28-dind"
BASE_IMAGES = ("debian:trixie-slim", "node:22-trixie-slim", "python:3.13-slim-trixie")


@contextmanager
def empty_engine(beside: str) -> Iterator[str]:
    """Run an engine, with the base images and nothing else, while the block runs; yield its DOCKER_HOST.

    It shares the network of the container `beside`, so that the same address leads both to a registry there.
    """
    name = unique_name("engine")
    address = docker("inspect", "--format={{.NetworkSettings.IPAddress}}", beside).stdout.strip()
    host = f"tcp://{address}:2375"
    docker("run", "--detach", "--privileged", f"--name={name}", f"--network=container:{beside}", IMAGE)
    try:
        wait_until(lambda: docker("--host", host, "version", check=False).returncode == 0, 60, "the engine")
        copy = f"docker save {' '.join(BASE_IMAGES)} | docker --host {host} load"
        run(["sh", "-c", copy])
        yield host
    finally:
        docker("rm", "--force", "--volumes", name)
