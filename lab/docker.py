"""Thin wrappers of the docker client."""

import os
import secrets
import shutil
from subprocess import CompletedProcess

from lab.command import run


def docker(*arguments: str, check: bool = True, stdin: str | None = None) -> CompletedProcess[str]:
    """Run the docker client. Raises CommandFailedError, with its output, when it fails."""
    return run(["docker", *arguments], check=check, stdin=stdin)


def unique_name(prefix: str) -> str:
    """Return a name that no other test run uses, for images, networks, stacks and the like."""
    return f"{prefix}-{os.getpid()}-{secrets.token_hex(3)}"


def engine_answers() -> bool:
    """Tell whether a docker client is installed and its engine answers."""
    return bool(shutil.which("docker")) and docker("version", check=False).returncode == 0


def is_swarm_manager() -> bool:
    """Tell whether the engine that the docker client talks to manages a swarm."""
    if not engine_answers():
        return False
    return docker("info", "--format", "{{.Swarm.ControlAvailable}}").stdout.strip() == "true"


def address_of(container: str) -> str:
    """Return the address at which this machine and other containers reach a container of one network."""
    template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return docker("inspect", "--format", template, container).stdout.strip()
