"""What has to be true before anything is changed, and what a tag means today; each raises Problem where it fails."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone

from . import lint, secret
from .docker import Docker, DockerError, Json
from .environment import Environment
from .outcome import Problem, say
from .stack import names, parse

# `--detach` of `docker stack deploy` came with client 26.
OLDEST_CLIENT = 26
# Days before its end when a certificate stops a deploy (unless CERTIFICATE_DAYS says otherwise), or is mentioned.
CERTIFICATE_DAYS = 3
CERTIFICATE_NOTICE_DAYS = 21
# What the kernel of a node calls its processor, and what an image calls it; others have one name.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv6l": "arm", "i686": "386"}
# Seconds for one image to arrive at the manager.
PULL_TIMEOUT = 900.0


def check_engine(docker: Docker) -> None:
    """Check that the client is new enough, and that the engine manages a swarm."""
    client = docker.text("version", "--format", "{{.Client.Version}}").strip()
    if int(client.split(".")[0]) < OLDEST_CLIENT:
        raise Problem(f"docker client {client} is too old", "it lacks options", f"install {OLDEST_CLIENT} or newer")
    if docker.text("info", "--format", "{{.Swarm.ControlAvailable}}").strip() != "true":
        remedy = "let DOCKER_HOST or DOCKER_CONTEXT name a manager, or run `docker swarm init` there"
        raise Problem("the engine is no swarm manager", "a stack is deployed through one", remedy)


def nodes(docker: Docker) -> dict[str, Json]:
    """Return all nodes of the swarm by what the docker client can call them: host name, or id where two share one.

    A node that left the swarm and came back is two, and the old one is down.
    """
    found = docker.inspect("node", docker.text("node", "ls", "--quiet").split())
    hosts = [node["Description"]["Hostname"] for node in found]
    return {node["ID"] if hosts.count(host) > 1 else host: node for host, node in zip(hosts, found)}


def database_nodes(environment: Environment) -> list[str]:
    """Return the names of the nodes with the label STACK.database=true."""
    label = f"{environment.stack}.database"
    found = nodes(environment.docker).items()
    return sorted(name for name, node in found if (node["Spec"].get("Labels") or {}).get(label) == "true")


def check_database_node(environment: Environment, stack: Json) -> None:
    """Check that exactly one node may run the database, and is there: on another one it would start empty."""
    label = f"{environment.stack}.database"
    if f"node.labels.{label}" not in json.dumps(stack):
        return
    found = database_nodes(environment)
    if len(found) != 1:
        remedy = (
            f"`docker node update --label-rm {label} NODE` where the files are not"
            if found
            else f"`deploy/swarm init {environment.name}`"
        )
        raise Problem(f"not one node is labelled {label}=true", f"labelled: {', '.join(found) or 'none'}", remedy)
    if nodes(environment.docker)[found[0]]["Status"]["State"] == "down":
        remedy = f"start it; if it came back as another one, `docker node rm {found[0]}`, and `init` with that one"
        raise Problem(f"the database's node {found[0]} is down", "its files are on no other node", remedy)


def check_processors(environment: Environment, stack: Json) -> None:
    """Check that every image is for the processors of all nodes that may run it.

    The swarm does not look: the task would die with "exec format error". An image that is not on the manager passes.
    """
    available = [
        node
        for node in nodes(environment.docker).values()
        if node["Status"]["State"] == "ready" and node["Spec"]["Availability"] == "active"
    ]
    for name, service in sorted(stack["services"].items()):
        constraints = service.get("deploy", {}).get("placement", {}).get("constraints", [])
        wanted = {_platform(node) for node in available if _may_run(node, constraints)}
        for image in environment.docker.inspect("image", [service["image"]]):
            missing = wanted - {f"{image['Os']}/{image['Architecture']}"}
            if missing:
                missing -= _platforms(environment.docker, service["image"])
            if missing:
                why = f"{name} may run on a node with {', '.join(sorted(missing))}"
                remedy = "build it for that with `docker build --platform`, or keep the service off such nodes"
                raise Problem(f"image {service['image']} is for {image['Os']}/{image['Architecture']}", why, remedy)


def _platform(node: Json) -> str:
    told = node["Description"]["Platform"]
    return f"{told['OS']}/{ARCHITECTURES.get(told['Architecture'], told['Architecture'])}"


def _may_run(node: Json, constraints: list[str]) -> bool:
    """Tell whether a node meets placement constraints, as the swarm compares them."""
    system, architecture = _platform(node).split("/")
    facts = {
        "node.id": node["ID"],
        "node.hostname": node["Description"]["Hostname"],
        "node.role": node["Spec"]["Role"],
        "node.platform.os": system,
        "node.platform.arch": architecture,
    }
    facts.update({f"node.labels.{key}": value for key, value in (node["Spec"].get("Labels") or {}).items()})
    engine = node["Description"].get("Engine", {}).get("Labels") or {}
    facts.update({f"engine.labels.{key}": value for key, value in engine.items()})
    for constraint in constraints:
        key, sign, value = (part.strip() for part in re.split(r"(==|!=)", constraint, maxsplit=1))
        if (facts.get(key, "").casefold() == value.casefold()) != (sign == "=="):
            return False
    return True


def check_exist(environment: Environment, stack: Json, kind: str) -> None:
    """Check that the swarm has all `secrets` or `configs` of a stack."""
    missing = sorted(names(stack, kind) - set(environment.docker.names(kind[:-1])))
    if missing:
        remedy = f"`deploy/swarm init {environment.name}`, or `secret set`" if kind == "secrets" else "deploy anew"
        raise Problem(f"{kind} are missing", f"the swarm has no {', '.join(missing)}", remedy)


def check_certificate(environment: Environment, stack: Json) -> None:
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


def resolve_image(docker: Docker, reference: str) -> str:
    """Pull an image to the manager and return `name:tag@digest`.

    An image that was built on the only node of a swarm, and is in no registry, is pinned by its id instead.
    Raises Problem when the image does not exist, or only on one of several nodes.
    """
    why = "it was built on the node and is in no registry"
    if not reference.startswith("sha256:"):
        try:
            docker.text("pull", "--quiet", reference, timeout=PULL_TIMEOUT)
            return _with_digest(reference, docker.inspect("image", [reference])[0])
        except DockerError as error:
            why = f"pulling it failed: {error.why}"
    local = docker.inspect("image", [reference])
    if local and "@" in reference:
        say(f"  {reference}: {why}; the manager has it")
        return reference
    if not local or len(docker.text("node", "ls", "--quiet").split()) > 1:
        why += "; the other nodes do not have it" if local else ""
        raise Problem(f"image {reference} cannot be used", why, "push it, check its name, or `docker login`")
    image_id: str = local[0]["Id"]
    if image_id != reference:
        say(f"  {reference}: in no registry that answers; the only node has it, and uses it by its id")
    return image_id


def release_of(docker: Docker, reference: str) -> str:
    """Return the release that is baked into an image as RELEASE, or its tag when none is known."""
    found = docker.inspect("image", [reference])
    variables = (found[0]["Config"].get("Env") or []) if found else []
    baked = dict(variable.split("=", 1) for variable in variables).get("RELEASE")
    return baked or reference.partition("@")[0].rpartition(":")[2]


def _platforms(docker: Docker, reference: str) -> set[str]:
    """Return the platforms of an image in its registry, such as linux/arm64; none where it is not in one."""
    try:
        manifest = json.loads(docker.text("manifest", "inspect", reference))
    except DockerError:
        return set()
    found = [part.get("platform", {}) for part in manifest.get("manifests", [])]
    return {f"{platform.get('os')}/{platform.get('architecture')}" for platform in found}


def check_image_exists(docker: Docker, reference: str) -> None:
    """Raise Problem unless an image is on the manager or in its registry; it is not pulled."""
    if not docker.inspect("image", [reference]):
        try:
            docker.text("manifest", "inspect", reference)
        except DockerError as error:
            raise Problem(f"image {reference} does not exist", error.why, "push it, or check its name") from None


def _with_digest(reference: str, image: Json) -> str:
    if "@" in reference:
        return reference
    path, slash, last = reference.rpartition("/")
    repository = path + slash + last.split(":")[0]
    digests = dict(name.split("@") for name in image["RepoDigests"])
    # The engine leaves the default registry out of its names.
    return f"{reference}@{digests[repository.replace('docker.io/library/', '').replace('docker.io/', '')]}"
