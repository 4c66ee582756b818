"""On a Debian 13 machine that has nothing but Python, one command gives an engine, and one takes it away."""

from collections.abc import Iterator
from subprocess import CompletedProcess

import pytest

from lab.docker import docker, unique_name
from tests.harness.bake import TEMPLATE

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]


class Machine:
    """A container that passes for a machine: it may do what root may, and has a disk for an engine."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *command: str) -> CompletedProcess[str]:
        return docker("exec", "--workdir", "/project", self.name, *command, check=False)

    def engine(self, *command: str) -> CompletedProcess[str]:
        return self.run("python3", "-m", "lab.engine", *command)


@pytest.fixture
def machine() -> Iterator[Machine]:
    name = unique_name("engine-machine")
    options = ["--privileged", "--volume=/var/lib/docker", "--workdir=/project"]
    docker("create", "--name", name, *options, "python:3.13-slim-trixie", "sleep", "600")
    try:
        docker("cp", str(TEMPLATE / "lab"), f"{name}:/project/")
        docker("start", name)
        yield Machine(name)
    finally:
        docker("rm", "--force", "--volumes", name)


def test_a_machine_without_an_engine_gets_one_and_is_rid_of_it(machine: Machine) -> None:
    assert machine.engine("status").returncode == 1

    started = machine.engine("start", "--swarm")
    assert started.returncode == 0, started.stderr
    assert machine.engine("status").stdout.startswith("engine ")
    assert machine.run("docker", "node", "ls", "--format", "{{.ManagerStatus}}").stdout == "Leader\n"
    assert machine.run("docker", "buildx", "version").returncode == 0
    assert machine.run("docker", "compose", "version").returncode == 0

    again = machine.engine("start", "--swarm")
    assert "runs already and is used as it is" in again.stdout

    stopped = machine.engine("stop")
    assert stopped.returncode == 0, stopped.stderr
    assert machine.run("docker", "version").returncode != 0
    assert machine.run("ls", "/var/run/docker.pid").returncode != 0
