"""The rules for one service: each yields the key that is wrong, or that should be there, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Mapping = dict[str, Any]
# Where in a service, written like deploy.update_config.order, and what is wrong there.
Complaint = tuple[str, str]

# Sources of what is ignored: the lists UnsupportedProperties and DeprecatedProperties of the docker client; for
# `depends_on`, `profiles` and `tmpfs`, which it drops without a warning, trials with client 28 and engine 26.
IGNORED = {
    "build": "the swarm builds nothing: build the image before, and name it in `image`",
    "cgroup_parent": "the swarm ignores it",
    "container_name": "the swarm names containers itself: use the name of the service",
    "depends_on": "the swarm starts services in any order: let the service wait for what it needs",
    "devices": "the swarm ignores it",
    "domainname": "the swarm ignores it",
    "expose": "the swarm ignores it: services of one network reach each other's ports anyway",
    "external_links": "the swarm ignores it: use a network that both services share",
    "ipc": "the swarm ignores it",
    "links": "the swarm ignores it: services of one network find each other by name",
    "mac_address": "the swarm ignores it",
    "network_mode": "the swarm ignores it: use `networks`",
    "pid": "the swarm ignores it",
    "privileged": "the swarm ignores it: use `cap_add`",
    "profiles": "the swarm starts every service: put what is optional into a file of its own",
    "restart": "the swarm ignores it: use `deploy.restart_policy`",
    "security_opt": "the swarm ignores it: use `cap_drop`, `read_only` and `user`",
    "shm_size": "the swarm ignores it: mount a tmpfs at /dev/shm under `volumes`",
    "tmpfs": "the swarm ignores it: use an entry of `type: tmpfs` under `volumes`",
    "userns_mode": "the swarm ignores it",
}

SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY)", re.I)
PASSWORD_IN_ADDRESS = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


def ignored_keys(service: Mapping) -> Iterator[Complaint]:
    """Keys that mean something to `docker compose` only."""
    return ((key, IGNORED[key]) for key in IGNORED if service.get(key))


def image(service: Mapping) -> Iterator[Complaint]:
    """An image that may be another one tomorrow."""
    name = service.get("image", "").partition("@")
    tag = name[0].rpartition("/")[2].partition(":")[2]
    if not name[2] and tag in ("", "latest"):
        yield "image", "without a tag, or with `latest`, nobody knows what runs: name a version or a digest"


def health(service: Mapping) -> Iterator[Complaint]:
    """A health check that is missing, switched off, or merged from two files."""
    check = service.get("healthcheck", {})
    test = check.get("test", [])
    if not check or check.get("disable") or test[:1] == ["NONE"]:
        yield "healthcheck", "without one a task counts as healthy as soon as it starts, and an update goes on"
    if sum(part in ("CMD", "CMD-SHELL") for part in test) > 1:
        yield "healthcheck.test", "two files set it, and merging appends: set it in one file only"


def logs(service: Mapping) -> Iterator[Complaint]:
    """Logs that grow until the disk is full."""
    driver = service.get("logging", {}).get("driver", "json-file")
    options = service.get("logging", {}).get("options", {})
    if driver == "json-file" and not {"max-size", "max-file"} <= options.keys():
        yield "logging", "the disk fills up: set max-size and max-file, or use the driver `local`"


def addresses(service: Mapping) -> Iterator[Complaint]:
    """How clients reach the service, and how other services do."""
    ports = service.get("ports", [])
    ingress = [port for port in ports if port.get("mode", "ingress") == "ingress"]
    if ingress:
        yield "ports", "the routing mesh hides the client's address: publish with `mode: host`"
    elif service.get("deploy", {}).get("endpoint_mode") != "dnsrr":
        message = "a virtual address drops connections that are idle for 900 s: set `endpoint_mode: dnsrr`"
        yield "deploy.endpoint_mode", message


def updates(service: Mapping) -> Iterator[Complaint]:
    """What happens when a new version is rolled out, and when it fails."""
    deploy = service.get("deploy", {})
    for key in ("update_config", "rollback_config"):
        config = deploy.get(key, {})
        if "order" not in config:
            yield f"deploy.{key}.order", "not set, so the old task stops before the new one starts: say which you want"
        if config.get("parallelism", 1) == 0:
            yield f"deploy.{key}.parallelism", "0 replaces all tasks at once: use 1"
        if config.get("order") == "start-first":
            yield from start_first(service, f"deploy.{key}.order")
    if deploy.get("update_config", {}).get("failure_action") != "rollback":
        yield "deploy.update_config.failure_action", "a failed update stays as it is: set `rollback`"


def start_first(service: Mapping, key: str) -> Iterator[Complaint]:
    """An update that needs two tasks where only one can be."""
    if any(port.get("mode") == "host" for port in service.get("ports", [])):
        yield key, "the new task waits for ever for a host port that the old one has: use `stop-first`"
    if named_volumes(service) and service.get("deploy", {}).get("mode") != "global":
        yield key, "two tasks at once write to one volume: use `stop-first`"


def placement(service: Mapping) -> Iterator[Complaint]:
    """Data that stays behind when the task moves."""
    deploy = service.get("deploy", {})
    if named_volumes(service) and deploy.get("mode") != "global" and not deploy.get("placement", {}).get("constraints"):
        yield (
            "volumes",
            "on another node the volume is empty: bind the service to one with `deploy.placement.constraints`",
        )


def restarts(service: Mapping) -> Iterator[Complaint]:
    """When a task that ended is started again."""
    policy = service.get("deploy", {}).get("restart_policy", {})
    if not policy:
        yield "deploy.restart_policy", "not set: say when the swarm starts a task again"
    if policy.get("max_attempts"):
        yield "deploy.restart_policy.max_attempts", "after so many attempts the service stays away: leave it out"


def stopping(service: Mapping) -> Iterator[Complaint]:
    """How long a task may take to end well."""
    if "stop_grace_period" not in service:
        yield (
            "stop_grace_period",
            "not set, so a task is killed 10 s after it was asked to stop: give it the time it needs",
        )


def resources(service: Mapping) -> Iterator[Complaint]:
    """Memory without a limit or without a claim to it, and processes without a limit."""
    given = service.get("deploy", {}).get("resources", {})
    limit, reserved = (int(given.get(kind, {}).get("memory", 0)) for kind in ("limits", "reservations"))
    if not limit:
        yield "deploy.resources.limits.memory", "not set: one service can take the memory of all others"
    if not reserved:
        yield "deploy.resources.reservations.memory", "not set: the swarm puts tasks where there is no room for them"
    if limit and reserved > limit:
        yield "deploy.resources.reservations.memory", "more than the limit: such a task never fits"
    if not given.get("limits", {}).get("pids"):
        yield "deploy.resources.limits.pids", "not set: one service can take all processes of the node"


def environment(service: Mapping) -> Iterator[Complaint]:
    """A secret that everybody who may inspect the service can read."""
    for name, value in service.get("environment", {}).items():
        secret_name = SECRET_NAME.search(name) and not name.endswith(("_FILE", "_VERSION"))
        if value and (secret_name or PASSWORD_IN_ADDRESS.search(str(value))):
            message = f"everybody who may inspect the service reads it: make it a secret and pass {name}_FILE"
            yield f"environment.{name}", message


def named_volumes(service: Mapping) -> list[Mapping]:
    """Return the volumes that keep data on one node."""
    return [volume for volume in service.get("volumes", []) if volume.get("type") == "volume" and volume.get("source")]


RULES = (
    ignored_keys,
    image,
    health,
    logs,
    addresses,
    updates,
    placement,
    restarts,
    stopping,
    resources,
    environment,
)
