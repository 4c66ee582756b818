"""On a Debian 13 machine that has nothing but Python, one command gives an engine, and one takes it away."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.harness.bake import TEMPLATE
from tests.harness.docker import docker, unique_name

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]


class Machine:
    """A container that passes for a machine: it may do what root may, and has a disk for an engine."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *command: str) -> CompletedProcess[str]:
        return docker("exec", "--workdir", "/project", self.name, *command, check=False)

    def engine(self, *command: str) -> CompletedProcess[str]:
        return self.run("python3", "-m", "tests.engine", *command)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    name = unique_name("engine-machine")
    options = ["--privileged", "--volume=/var/lib/docker", "--workdir=/project/tests"]
    docker("create", "--name", name, *options, "python:3.13-slim-trixie", "sleep", "600")
    try:
        (tmp_path / "__init__.py").touch()
        for source in (
            tmp_path / "__init__.py",
            TEMPLATE / "tests" / "harness",
            TEMPLATE / "tests" / "engine",
        ):
            docker("cp", str(source), f"{name}:/project/tests/")
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
