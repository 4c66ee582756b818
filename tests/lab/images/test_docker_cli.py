"""What the pipeline may count on in the image of the docker client, and what it may not."""

import pytest

from lab.docker import docker
from tests.lab.images.container import programs, shell

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]

IMAGE = "docker:28-cli"


def test_programs() -> None:
    shell(IMAGE, "docker --version; docker buildx version; docker compose version; git --version; ssh -V")
    assert programs(IMAGE, "apt-get bash curl dpkg make python3") == []


def test_without_a_socket_the_engine_is_the_pipelines_service() -> None:
    assert docker("run", "--rm", IMAGE, "sh", "-c", "echo $DOCKER_HOST").stdout == "tcp://docker:2375\n"
    told = docker("run", "--rm", "--env", "DOCKER_HOST=ssh://a", IMAGE, "sh", "-c", "echo $DOCKER_HOST")
    assert told.stdout == "ssh://a\n"


def test_commands_of_the_client_need_no_docker_before_them() -> None:
    socket = "--volume=/var/run/docker.sock:/var/run/docker.sock"

    assert docker("run", "--rm", socket, IMAGE, "info", "--format", "{{.OSType}}").stdout == "linux\n"
    assert docker("run", "--rm", IMAGE, "--version").stdout.startswith("Docker version")
