"""What the docker client on the path can do, and what the engine that it reaches says."""

import os
import shutil

from lab.docker import docker

PROGRAMS = ("docker", "dockerd")
PLUGINS = ("buildx", "compose")


def ask(*arguments: str) -> str | None:
    """Return what the docker client prints, or None when there is no client or it fails."""
    if shutil.which("docker") is None:
        return None
    answer = docker(*arguments, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def engine_version() -> str | None:
    """Return the version of the engine that the client reaches, None when it reaches none."""
    return ask("version", "--format", "{{.Server.Version}}")


def engine_elsewhere() -> str | None:
    """Return how the client was told to use another engine than this machine's, None when it was not."""
    if host := os.environ.get("DOCKER_HOST"):
        return f"DOCKER_HOST={host}"
    context = ask("context", "show")
    return f"docker context {context}" if context not in (None, "default") else None


def missing_plugins() -> list[str]:
    """Return those of the plugins that the project needs and the client does not find."""
    return [plugin for plugin in PLUGINS if ask(plugin, "version") is None]


def missing_parts() -> list[str]:
    """Return the programs and plugins that this machine lacks to run an engine of its own."""
    return [program for program in PROGRAMS if shutil.which(program) is None] + missing_plugins()
