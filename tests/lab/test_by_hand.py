"""What the README of lab/ tells to type works, says how to use what it starts, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.command import run
from tests.harness.bake import TEMPLATE

README = (TEMPLATE / "lab/README.md").read_text(encoding="utf-8")


@contextmanager
def started(*command: str) -> Iterator[str]:
    """Run a command of the lab while the block runs; yield what it printed once it was up."""
    assert f"python -m {command[0]}" in README
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=TEMPLATE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    printed = ""
    try:
        while not printed.endswith("Ctrl+C ends it.\n"):
            line = process.stdout.readline()
            assert line, f"it ended early: {printed}"
            printed += line
        yield printed
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert (process.returncode, rest) == (0, "Ended.\n")


def docker(*arguments: str, **environment: str) -> str:
    """Run the docker client in an environment, and return what it printed, errors included."""
    done = run(["docker", *arguments], env={**os.environ, **environment}, check=False)
    return done.stdout + done.stderr


@pytest.mark.engine
@pytest.mark.usefixtures("base_images")
def test_nodes_and_registry() -> None:
    with started("lab.nodes", "2") as printed:
        host, network = re.findall(r"DOCKER_HOST=(\S+)|lab\.registry (\S+)", printed)
        environment = {"DOCKER_HOST": host[0]}
        assert len(docker("node", "ls", "--quiet", **environment).split()) == 2

        with started("lab.registry", network[1]) as there:
            (published, inside) = re.findall(r"(\d+\.[\d.]+:\d+)", there)
            image = f"{published}/lab/redis:1"
            docker("tag", "redis:8-trixie", image)
            docker("push", "--quiet", image)
            docker("image", "rm", image)
            pulled = docker("pull", "--quiet", f"{inside}/lab/redis:1", **environment)
            assert pulled == f"{inside}/lab/redis:1\n"
    assert network[1] not in docker("network", "ls")
    assert network[1] not in docker("ps", "--all")


@pytest.mark.engine
def test_ssh_server() -> None:
    with started("lab.sshd") as printed:
        (host, path) = re.findall(r"DOCKER_HOST=(\S+) PATH=(\S+):", printed)[0]
        environment = {"DOCKER_HOST": host, "PATH": f"{path}:{os.environ['PATH']}"}
        assert docker("info", "--format={{.ID}}", **environment) == docker("info", "--format={{.ID}}")
    assert not Path(path).exists()


def test_what_cannot_start_says_why_in_one_line(tmp_path: Path) -> None:
    done = run([sys.executable, "-m", "lab.registry"], cwd=TEMPLATE, env={"PATH": str(tmp_path)}, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: [Errno 2] No such file or directory: 'docker'\n"


@pytest.mark.parametrize("command", ["engine", "images"])
def test_readme_names_the_other_commands(command: str) -> None:
    assert f"python -m lab.{command}" in README
