"""What runs where, at a glance, and what the site itself answers."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import ssl
import time
from datetime import datetime, timezone

from . import lock, preflight, releases, rollout, secret
from .docker import Json
from .environment import Environment
from .outcome import Problem, say
from .stack import secrets_of

# Seconds between two looks with --watch.
INTERVAL = 2.0
# Seconds between two questions; the proxy limits how often /api/alive may be asked.
QUESTION_PAUSE = 1.0
# Seconds for one answer.
ANSWER_TIMEOUT = 10.0


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
    except (OSError, ValueError, http.client.HTTPException) as error:
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


def answer(environment: Environment) -> tuple[int, str, str]:
    """Ask /api/alive once; return status, the release that answered, and the certificate's SHA-256.

    VERIFY_ADDRESS (host or host:port) in the settings is where the proxy is, if the domain does not lead there.
    Raises OSError, ValueError or http.client.HTTPException when no such answer comes.
    """
    domain = environment.settings["DOMAIN"]
    host, _, port = environment.settings.get("VERIFY_ADDRESS", "").partition(":")
    address = (host or domain, int(port or environment.settings.get("HTTPS_PORT") or 443))
    # The certificate may be self-signed: its fingerprint is compared instead of its issuer.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection(address, timeout=ANSWER_TIMEOUT)
    with plain, context.wrap_socket(plain, server_hostname=domain) as encrypted:
        fingerprint = hashlib.sha256(encrypted.getpeercert(binary_form=True) or b"").hexdigest()
        encrypted.sendall(f"GET /api/alive HTTP/1.1\r\nHost: {domain}\r\nConnection: close\r\n\r\n".encode())
        response = http.client.HTTPResponse(encrypted)
        response.begin()
        body = json.loads(response.read())
    return response.status, str(body.get("release")), fingerprint


def verify(environment: Environment, release: str, fingerprint: str, deadline: float) -> None:
    """Wait, for `deadline` seconds, until a release answers with 200, under a certificate if one is known.

    Raises Problem when it does not.
    """
    begin = time.monotonic()
    wanted = (http.HTTPStatus.OK, release, fingerprint)
    while True:
        try:
            status, name, shown = answer(environment)
            if (status, name, shown if fingerprint else "") == wanted:
                return
            problem = f"status {status}, release {name}, certificate {shown[:16]}…"
        except (OSError, ValueError, AttributeError, http.client.HTTPException) as error:
            problem = f"{type(error).__name__}: {error}"
        if time.monotonic() - begin > deadline:
            where = f"https://{environment.settings['DOMAIN']}/api/alive"
            remedy = "see `logs`; if the domain does not lead to the proxy yet, set VERIFY_ADDRESS in deploy.env"
            raise Problem(f"the site does not answer as release {release}", f"{where}: {problem}", remedy)
        time.sleep(QUESTION_PAUSE)
