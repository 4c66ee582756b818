"""What has to be true before anything is changed; each check raises Problem when it is not."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from . import lint, secret
from .docker import Docker
from .environment import Environment
from .outcome import Problem, say
from .stack import Stack, names, parse

# `--detach` of `docker stack deploy` came with client 26.
OLDEST_CLIENT = 26
# Days before its end when a certificate stops a deploy (unless CERTIFICATE_DAYS says otherwise), or is mentioned.
CERTIFICATE_DAYS = 3
CERTIFICATE_NOTICE_DAYS = 21


def check_engine(docker: Docker) -> None:
    """Check that the client is new enough, and that the engine manages a swarm."""
    client = docker.text("version", "--format", "{{.Client.Version}}").strip()
    if int(client.split(".")[0]) < OLDEST_CLIENT:
        raise Problem(f"docker client {client} is too old", "it lacks options", f"install {OLDEST_CLIENT} or newer")
    if docker.text("info", "--format", "{{.Swarm.ControlAvailable}}").strip() != "true":
        remedy = "let DOCKER_HOST or DOCKER_CONTEXT name a manager, or run `docker swarm init` there"
        raise Problem("the engine is no swarm manager", "a stack is deployed through one", remedy)


def nodes(docker: Docker) -> dict[str, Stack]:
    """Return all nodes of the swarm by their host names."""
    found = docker.inspect("node", docker.text("node", "ls", "--quiet").split())
    return {node["Description"]["Hostname"]: node for node in found}


def database_nodes(environment: Environment) -> list[str]:
    """Return the host names of the nodes with the label STACK.database=true."""
    label = f"{environment.stack}.database"
    found = nodes(environment.docker).items()
    return sorted(host for host, node in found if (node["Spec"].get("Labels") or {}).get(label) == "true")


def check_database_node(environment: Environment, stack: Stack) -> None:
    """Check that exactly one node may run the database: on another one it would start empty."""
    label = f"{environment.stack}.database"
    found = database_nodes(environment)
    if f"node.labels.{label}" in json.dumps(stack) and len(found) != 1:
        remedy = (
            f"`docker node update --label-rm {label} NODE` where the files are not"
            if found
            else f"`deploy/swarm init {environment.name}`"
        )
        raise Problem(f"not one node is labelled {label}=true", f"labelled: {', '.join(found) or 'none'}", remedy)


def check_exist(environment: Environment, stack: Stack, kind: str) -> None:
    """Check that the swarm has all `secrets` or `configs` of a stack."""
    missing = sorted(names(stack, kind) - set(environment.docker.names(kind[:-1])))
    if missing:
        remedy = f"`deploy/swarm init {environment.name}`, or `secret set`" if kind == "secrets" else "deploy anew"
        raise Problem(f"{kind} are missing", f"the swarm has no {', '.join(missing)}", remedy)


def check_certificate(environment: Environment, stack: Stack) -> None:
    """Check that the certificate is valid for some days more, as far as `secret set` has noted its end."""
    noted = secret.certificate_labels(environment, stack).get("deploy.not-after")
    if not noted:
        say("  when the certificate ends is not known: it was not made with `secret set`")
        return
    days = (datetime.fromisoformat(noted) - datetime.now(timezone.utc)).total_seconds() / 86400
    if days < environment.number("CERTIFICATE_DAYS", CERTIFICATE_DAYS):
        what = "the certificate has expired" if days < 0 else "the certificate is about to expire"
        remedy = f"`deploy/swarm secret {environment.name} set tls_certificate`, and tls_key"
        raise Problem(what, f"it ends at {noted}", remedy)
    if days < CERTIFICATE_NOTICE_DAYS:
        say(f"  the certificate ends in {days:.0f} days")


def check_lint(environment: Environment, text: str) -> None:
    """Check a rendered stack against what the swarm ignores or gets wrong."""
    found = lint.findings(parse(text), environment.stack_files)
    for finding in found:
        say(f"  {finding}")
    if found:
        raise Problem("the stack does not say what the swarm would do", f"{len(found)} findings above", "correct them")
