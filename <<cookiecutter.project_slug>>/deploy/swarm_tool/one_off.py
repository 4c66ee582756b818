"""`run`: a one-off task with the running release's image, secrets and networks."""

from __future__ import annotations

import sys

from . import job, releases
from .environment import Environment
from .outcome import Problem
from .stack import Stack

# Seconds for a task to start that waits for a terminal.
START_DEADLINE = 120.0
# Seconds for a task: one of hours is meant, one of days is forgotten.
DEADLINE = 24 * 3600.0


def run(environment: Environment, command: list[str]) -> int:
    """Run a command in a container of its own and return its exit code; nothing is left of it.

    With a terminal it is interactive, and has to be on the node that the docker client talks to.
    Raises Problem when it could not be started.
    """
    running = releases.good(releases.listed(environment))
    if not running:
        raise Problem("there is no release to run it with", "nothing was deployed yet", "deploy first")
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _interactive(environment, running[-1].stack, command)
    task = job.definition(environment, running[-1].stack, "app", {"command": command})
    return job.run(environment, task, "run", DEADLINE, []).exit_code


def _interactive(environment: Environment, stack: Stack, command: list[str]) -> int:
    """Let a task wait on this node, and run the command inside it with the terminal."""
    docker = environment.docker
    here = docker.text("info", "--format", "{{.Swarm.NodeID}}").strip()
    waiting = {"entrypoint": ["sleep"], "command": ["infinity"], "mode": "replicated"}
    task = job.definition(environment, stack, "app", waiting)
    task["services"]["task"]["deploy"]["placement"] = {"constraints": [f"node.id == {here}"]}
    service = job.service_name(environment, "run")
    try:
        job.start(environment, task, service)
        status = job.wait(environment, service, START_DEADLINE, ("running", *job.ENDED))[0]["Status"]
        if status["State"] != "running":
            raise Problem("the task ended at once", status.get("Err", ""), "see `logs`")
        container = status["ContainerStatus"]["ContainerID"]
        return docker.attach("exec", "--interactive", "--tty", container, *command)
    except Problem as problem:
        why = f"it needs a task on the node that docker talks to, and there is none: {problem.why}"
        remedy = "let DOCKER_HOST name a manager that takes tasks, or run it without a terminal (< /dev/null)"
        raise Problem("this command gets no terminal", why, remedy) from None
    finally:
        job.remove(environment, service)
