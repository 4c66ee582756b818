"""Tasks: containers that run once, with the image, secrets and networks of a service.

The steps of a deploy are some; `run` and `maintenance` start them for a person.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import threading
import time
from typing import IO, Any, NamedTuple

from . import releases
from .docker import TIMEOUT, ConnectionLost, DockerError, Json
from .environment import Environment
from .outcome import Problem, say
from .stack import dump

# Seconds that a task may wait for a node: one that restarts takes less, a wrong placement for ever.
PENDING = 20.0
# Seconds for what a task has written last to be shown.
FOLLOWED = 5.0
# States of a task that will not change any more (from the swarm's task states).
ENDED = ("complete", "failed", "rejected", "orphaned", "remove", "shutdown")
# Seconds for a command of `run`: one of hours is meant, one of days is forgotten.
COMMAND_DEADLINE = 24 * 3600.0
# Seconds for a task to start that waits for a terminal.
START_DEADLINE = 120.0
# Seconds for a task that makes or removes a file.
FILE_DEADLINE = 60.0
# The proxy looks for this file at each request; deploy/stack.yml mounts its folder from a volume.
MAINTENANCE = "/var/lib/maintenance/on"
# What of a service's definition belongs to one that answers requests, not to a task that ends.
SERVING = ("deploy", "healthcheck", "ports", "labels")


class Result(NamedTuple):
    """How a one-off task ended."""

    exit_code: int
    output: str


def definition(environment: Environment, stack: Json, service: str, changes: Json) -> Json:
    """Return a stack of one task that is like a service of another stack, but runs a command and ends.

    `changes` are the keys of the service that are set otherwise, and `mode`, where it shall not run once on one
    node: `global-job` runs on every node, `replicated` waits. Of the networks it joins those that exist.
    """
    original = stack["services"][service]
    task = {key: value for key, value in original.items() if key not in SERVING}
    task.update({"healthcheck": {"disable": True}, **changes})
    task["deploy"] = {key: original["deploy"][key] for key in ("placement", "resources") if key in original["deploy"]}
    mode = task.pop("mode", "replicated-job")
    task["deploy"].update(mode=mode, restart_policy={"condition": "none"}, labels={"deploy.task": environment.stack})
    there = environment.docker.names("network")
    networks = {}
    for key, network in stack.get("networks", {}).items():
        name = (network or {}).get("name", f"{environment.stack}_{key}")
        if name in there and key in task.get("networks", {}):
            networks[key] = {"external": True, "name": name}
    # A service that names no network would get one of its own, and leave it behind.
    networks = networks or {"bridge": {"external": True, "name": "bridge"}}
    task["networks"] = {key: task.get("networks", {}).get(key) for key in networks}
    parts: Json = {"services": {"task": task}, "networks": networks}
    for kind in ("secrets", "configs"):
        parts[kind] = {item["source"]: stack[kind][item["source"]] for item in task.get(kind, [])}
    volumes = stack.get("volumes", {}).items()
    parts["volumes"] = {key: {"name": f"{environment.stack}_{key}", **(volume or {})} for key, volume in volumes}
    return parts


def service_name(environment: Environment, purpose: str) -> str:
    """Return a name for the service of a task that no other has; the purpose is a word in it."""
    return f"{environment.stack}-{purpose}-{secrets.token_hex(3)}_task"


def start(environment: Environment, task: Json, service: str) -> None:
    """Start a task under the name of its service, and never twice: it would run twice."""
    docker, text = environment.docker, dump(task)
    try:
        with docker.impatient():
            docker.deploy_stack(service[: -len("_task")], text)
    except ConnectionLost:
        # Perhaps only the answer was lost.
        if not docker.inspect("service", [service]):
            docker.deploy_stack(service[: -len("_task")], text)


def run(environment: Environment, task: Json, purpose: str, deadline: float, shown: list[str] | None = None) -> Result:
    """Run a task to its end, within `deadline` seconds, and leave nothing behind.

    With a list for what was `shown`, its lines are shown as they come, and added there: of a task that is stopped
    it is all one gets. Raises Problem when it did not start, or not end in time.
    """
    service = service_name(environment, purpose)
    try:
        start(environment, task, service)
        with _Output(environment, service, shown) as output:
            tasks = wait(environment, service, deadline, ENDED)
        codes = [each["Status"].get("ContainerStatus", {}).get("ExitCode", 0) for each in tasks]
        for each in tasks:
            if each["Status"]["State"] != "complete" and not any(codes):
                raise Problem(f"the {purpose} task did not run", each["Status"].get("Err", ""), "see its reason")
        return Result(max(codes), output.text)
    finally:
        remove(environment, service)


def wait(environment: Environment, service: str, deadline: float, states: tuple[str, ...]) -> list[Json]:
    """Wait until all tasks of a service are in one of some states, for `deadline` seconds, and return them.

    Raises Problem when they are not in time, or find no node.
    """
    begin = time.monotonic()
    while True:
        tasks = _tasks(environment, service)
        if tasks and all(task["Status"]["State"] in states for task in tasks):
            return tasks
        spent = time.monotonic() - begin
        pending = tasks and all(task["Status"]["State"] == "pending" for task in tasks)
        if spent > deadline or (pending and spent > PENDING):
            why = next((task["Status"]["Err"] for task in tasks if task["Status"].get("Err")), "it still runs")
            raise Problem(
                f"task {service} was stopped after {spent:.0f} s", why, "free resources, or give it more time"
            )
        time.sleep(0.5)


def remove(environment: Environment, service: str) -> None:
    """Remove the service of a task, if it is there."""
    try:
        environment.docker.remove("service", service)
    except DockerError as error:
        # The next deploy tries again.
        say(f"  {service} was not removed: {error.why}")


def remove_left_behind(environment: Environment) -> list[str]:
    """Remove the tasks that a killed command left, but no `run` that is still at work; return their names."""
    found = environment.docker.labelled("service", f"deploy.task={environment.stack}")
    names = [service["Spec"]["Name"] for service in found]
    left = [name for name in names if "-run-" not in name or _ended(environment, name)]
    for name in left:
        remove(environment, name)
    return left


def run_command(environment: Environment, command: list[str]) -> int:
    """Run a command in a container of its own and return its exit code; nothing is left of it.

    With a terminal it is interactive, and has to be on the node that the docker client talks to.
    Raises Problem when it could not be started.
    """
    running = releases.good(releases.listed(environment))
    if not running:
        raise Problem("there is no release to run it with", "nothing was deployed yet", "deploy first")
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _interactive(environment, running[-1].stack, command)
    task = definition(environment, running[-1].stack, "app", {"command": command})
    return run(environment, task, "run", COMMAND_DEADLINE, []).exit_code


def _interactive(environment: Environment, stack: Json, command: list[str]) -> int:
    """Let a task wait on this node, and run the command inside it with the terminal."""
    docker = environment.docker
    here = docker.text("info", "--format", "{{.Swarm.NodeID}}").strip()
    waiting = {"entrypoint": ["sleep"], "command": [f"{COMMAND_DEADLINE:.0f}"], "mode": "replicated"}
    task = definition(environment, stack, "app", waiting)
    task["services"]["task"]["deploy"]["placement"] = {"constraints": [f"node.id == {here}"]}
    service = service_name(environment, "run")
    try:
        start(environment, task, service)
        status = wait(environment, service, START_DEADLINE, ("running", *ENDED))[0]["Status"]
        if status["State"] != "running":
            raise Problem("the task ended at once", status.get("Err", ""), "see `logs`")
        container = status["ContainerStatus"]["ContainerID"]
        return docker.attach("exec", "--interactive", "--tty", container, *command)
    except Problem as problem:
        why = f"it needs a task on the node that docker talks to, and there is none: {problem.why}"
        remedy = "let DOCKER_HOST name a manager that takes tasks, or run it without a terminal (< /dev/null)"
        raise Problem("this command gets no terminal", why, remedy) from None
    finally:
        remove(environment, service)


def switch_maintenance(environment: Environment, state: str) -> None:
    """Switch maintenance `on` or `off`; raise Problem when a node did not do it.

    A task changes the file in the proxy's volume on every node: the proxy itself is not touched, and one that
    moves to another node finds the file there.
    """
    running = releases.good(releases.listed(environment))
    if not running:
        raise Problem("there is no site to close", "nothing was deployed yet", "deploy first")
    command = f"touch {MAINTENANCE}" if state == "on" else f"rm -f {MAINTENANCE}"
    changes: Json = {"entrypoint": ["/bin/sh"], "command": ["-c", command], "mode": "global-job"}
    changes |= {"networks": {}, "secrets": [], "configs": []}
    task = definition(environment, running[-1].stack, "proxy", changes)
    result = run(environment, task, "maintenance", FILE_DEADLINE, [])
    if result.exit_code:
        raise Problem(f"maintenance is not {state}", result.output, "look at the volume `maintenance` of the nodes")
    say(f"maintenance is {state}")


def _ended(environment: Environment, service: str) -> bool:
    return all(task["Status"]["State"] in ENDED for task in _tasks(environment, service))


def _tasks(environment: Environment, service: str) -> list[Json]:
    ids = environment.docker.text("service", "ps", "--quiet", "--no-trunc", service).split()
    return environment.docker.inspect("task", ids)


class _Output:
    """Shows the output of a service while it runs, and has all of it at the end."""

    def __init__(self, environment: Environment, service: str, shown: list[str] | None) -> None:
        self.command = ["service", "logs", "--raw", service]
        self.docker = environment.docker
        self.show = shown is not None
        self.shown = [] if shown is None else shown
        self.lengths = {"stdout": 0, "stderr": 0}
        self.text = ""

    def __enter__(self) -> _Output:
        if self.show:
            self.client = self.docker.start(*self.command, "--follow")
            self.threads = [threading.Thread(target=self._copy, args=(name,), daemon=True) for name in self.lengths]
            for thread in self.threads:
                thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.show:
            # The client follows for ever, also a task that has ended.
            self.client.terminate()
            for thread in self.threads:
                # Where `docker` is a script, what it has started may still hold the other end.
                thread.join(FOLLOWED)
            self.client.kill()
            self.client.wait()
        if kind is None:
            # It may have missed the last lines: the whole is asked for, and the rest of it shown.
            client = self.docker.start(*self.command)
            try:
                streams = client.communicate(timeout=TIMEOUT)
            except subprocess.TimeoutExpired as late:
                # The client may wait for ever for a task whose container is gone; what it had is kept.
                client.kill()
                streams = late.stdout or b"", late.stderr or b""
            for name, text in zip(self.lengths, streams):
                self.text += text.decode(errors="replace")
                if self.show:
                    _write(name, text[self.lengths[name] :])

    def _copy(self, name: str) -> None:
        source: IO[bytes] = getattr(self.client, name)
        with source:
            for line in source:
                self.lengths[name] += len(line)
                self.shown.append(line.decode(errors="replace"))
                _write(name, line)


def _write(name: str, text: bytes) -> None:
    target: Any = getattr(sys, name)
    target.buffer.write(text)
    target.flush()
