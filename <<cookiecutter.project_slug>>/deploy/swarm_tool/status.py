"""What runs where, at a glance."""

from __future__ import annotations

import time

from . import lock, preflight, releases, rollout
from .docker import Json
from .environment import Environment
from .outcome import say

# Seconds between two looks with --watch.
INTERVAL = 2.0


def show(environment: Environment, watch: bool) -> None:
    """Print the services, the last deploy and the lock; with `watch` anew until Ctrl-C."""
    say("\n".join(described(environment)))
    while watch:
        time.sleep(INTERVAL)
        say("\x1b[H\x1b[2J" + "\n".join(described(environment)))


def described(environment: Environment) -> list[str]:
    """Return the status as lines."""
    hosts = {node["ID"]: host for host, node in preflight.nodes(environment.docker).items()}
    tasks = rollout.tasks_of(environment)
    rows: list[tuple[str, ...]] = [("SERVICE", "TASKS", "RELEASE", "NODES", "STATE", "IMAGE")]
    for name, service in sorted(rollout.services_of(environment).items()):
        mine = [task for task in tasks if task["ServiceID"] == service["ID"] and task["DesiredState"] == "running"]
        rows.append(row(name, service, mine, hosts))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [f"{environment.name}: stack {environment.stack}, https://{environment.settings['DOMAIN']}"]
    lines += ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in rows]
    recorded = releases.listed(environment)
    lines.append(f"last: {recorded[-1]}" if recorded else "last: nothing was deployed yet")
    held = lock.current(environment)
    return [*lines, f"locked by {held}"] if held else lines


def row(name: str, service: Json, tasks: list[Json], hosts: dict[str, str]) -> tuple[str, ...]:
    """Return the line of a service, in cells."""
    # The swarm calls a task running when its health check has passed.
    states = sorted({task["Status"]["State"].replace("running", "healthy") for task in tasks}) or ["no task"]
    errors = [task["Status"]["Err"] for task in tasks if task["Status"].get("Err")]
    running = sum(task["Status"]["State"] == "running" for task in tasks)
    return (
        name,
        f"{running}/{rollout.replicas(service, tasks)}",
        service["Spec"]["Labels"].get("release", ""),
        ",".join(sorted({hosts.get(task.get("NodeID", ""), "none") for task in tasks})),
        ", ".join(states + errors[:1]),
        service["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].partition("@")[0],
    )
