"""What runs where, at a glance."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from http.client import HTTPException

from . import lock, preflight, releases, rollout, secret
from .docker import Json
from .environment import Environment
from .outcome import Problem, say
from .site import answer
from .stack import secrets_of

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


def certificate(environment: Environment) -> list[str]:
    """Return as lines what the certificate of the running release is, and whether the site shows it."""
    running = releases.good(releases.listed(environment))
    if not running:
        raise Problem("no certificate is in use", "nothing was deployed yet", "deploy first")
    noted = secret.certificate_labels(environment, running[-1].stack)
    told = {name: noted.get(f"deploy.{name}") or "unknown" for name in ("names", "issuer", "not-after", "fingerprint")}
    if told["not-after"] != "unknown":
        left = datetime.fromisoformat(told["not-after"]) - datetime.now(timezone.utc)
        told["not-after"] += f", in {left.days} days" if left.days >= 0 else ", which is past"
    try:
        _, _, shown = answer(environment)
        told["shown"] = "yes" if shown == told["fingerprint"] else f"no: the site shows {shown}"
    except (OSError, ValueError, HTTPException) as error:
        told["shown"] = f"unknown: the site does not answer ({error})"
    used = secrets_of(environment.stack, running[-1].stack).get("tls_certificate", ("", 0))[1]
    newest = secret.newest(environment).get("tls_certificate", 0)
    waits = [f"version {newest} waits for the next deploy"] if newest > used else []
    return [*(f"{name + ':':<13}{text}" for name, text in told.items()), *waits]


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
