"""Find in a stack what a swarm ignores without a word, or takes to mean something else than it says.

The stack is judged as `docker stack config` renders it; the files are read for the line to look at. First come the
rules for one service, then those for the whole stack, then how a line is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .docker import Json

# A file and the number of a line in it.
Place = tuple[Path, int]

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
KEY_LINE = re.compile(r"(?P<indent> *)(?P<key>[\w.-]+):(?:\s|$)")
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?P<operator>:?[-?])?[^}]*\}|(?P<plain>\w+))")


class Finding(NamedTuple):
    """Something to change: a key such as `deploy.update_config.order`, and why; of which service, and where."""

    key: str
    message: str
    service: str = "-"
    place: Place = (Path(), 0)

    def __str__(self) -> str:
        file, line = self.place
        return f"{file}:{line}: {self.service}: {self.message}"


def ignored_keys(service: Json) -> Iterator[Finding]:
    """Keys that mean something to `docker compose` only."""
    return (Finding(key, IGNORED[key]) for key in IGNORED if service.get(key))


def image(service: Json) -> Iterator[Finding]:
    """An image that may be another one tomorrow."""
    name = service.get("image", "").partition("@")
    tag = name[0].rpartition("/")[2].partition(":")[2]
    if not name[2] and tag in ("", "latest"):
        yield Finding("image", "without a tag, or with `latest`, nobody knows what runs: name a version or a digest")


def health(service: Json) -> Iterator[Finding]:
    """A health check that is missing, switched off, or merged from two files."""
    check = service.get("healthcheck", {})
    test = check.get("test", [])
    if not check or check.get("disable") or test[:1] == ["NONE"]:
        yield Finding("healthcheck", "without one a task counts as healthy as soon as it starts, and an update goes on")
    if sum(part in ("CMD", "CMD-SHELL") for part in test) > 1:
        yield Finding("healthcheck.test", "two files set it, and merging appends: set it in one file only")


def logs(service: Json) -> Iterator[Finding]:
    """Logs that grow until the disk is full."""
    driver = service.get("logging", {}).get("driver", "json-file")
    options = service.get("logging", {}).get("options", {})
    if driver == "json-file" and not {"max-size", "max-file"} <= options.keys():
        yield Finding("logging", "the disk fills up: set max-size and max-file, or use the driver `local`")


def addresses(service: Json) -> Iterator[Finding]:
    """How clients reach the service, and how other services do."""
    ports = service.get("ports", [])
    ingress = [port for port in ports if port.get("mode", "ingress") == "ingress"]
    if ingress:
        yield Finding("ports", "the routing mesh hides the client's address: publish with `mode: host`")
    elif service.get("deploy", {}).get("endpoint_mode") != "dnsrr":
        message = "a virtual address drops connections that are idle for 900 s: set `endpoint_mode: dnsrr`"
        yield Finding("deploy.endpoint_mode", message)


def updates(service: Json) -> Iterator[Finding]:
    """What happens when a new version is rolled out, and when it fails."""
    deploy = service.get("deploy", {})
    for key in ("update_config", "rollback_config"):
        config = deploy.get(key, {})
        if "order" not in config:
            yield Finding(
                f"deploy.{key}.order", "not set, so the old task stops before the new one starts: say which you want"
            )
        if config.get("parallelism", 1) == 0:
            yield Finding(f"deploy.{key}.parallelism", "0 replaces all tasks at once: use 1")
        if config.get("order") == "start-first":
            yield from start_first(service, f"deploy.{key}.order")
    if deploy.get("update_config", {}).get("failure_action") != "rollback":
        yield Finding("deploy.update_config.failure_action", "a failed update stays as it is: set `rollback`")


def start_first(service: Json, key: str) -> Iterator[Finding]:
    """An update that needs two tasks where only one can be."""
    if any(port.get("mode") == "host" for port in service.get("ports", [])):
        yield Finding(key, "the new task waits for ever for a host port that the old one has: use `stop-first`")
    if named_volumes(service) and service.get("deploy", {}).get("mode") != "global":
        yield Finding(key, "two tasks at once write to one volume: use `stop-first`")


def placement(service: Json) -> Iterator[Finding]:
    """Data that stays behind when the task moves."""
    deploy = service.get("deploy", {})
    if named_volumes(service) and deploy.get("mode") != "global" and not deploy.get("placement", {}).get("constraints"):
        yield Finding(
            "volumes",
            "on another node the volume is empty: bind the service to one with `deploy.placement.constraints`",
        )


def restarts(service: Json) -> Iterator[Finding]:
    """When a task that ended is started again."""
    policy = service.get("deploy", {}).get("restart_policy", {})
    if not policy:
        yield Finding("deploy.restart_policy", "not set: say when the swarm starts a task again")
    if policy.get("max_attempts"):
        yield Finding(
            "deploy.restart_policy.max_attempts", "after so many attempts the service stays away: leave it out"
        )


def stopping(service: Json) -> Iterator[Finding]:
    """How long a task may take to end well."""
    if "stop_grace_period" not in service:
        yield Finding(
            "stop_grace_period",
            "not set, so a task is killed 10 s after it was asked to stop: give it the time it needs",
        )


def resources(service: Json) -> Iterator[Finding]:
    """Memory without a limit or without a claim to it, and processes without a limit."""
    given = service.get("deploy", {}).get("resources", {})
    limit, reserved = (int(given.get(kind, {}).get("memory", 0)) for kind in ("limits", "reservations"))
    if not limit:
        yield Finding("deploy.resources.limits.memory", "not set: one service can take the memory of all others")
    if not reserved:
        yield Finding(
            "deploy.resources.reservations.memory", "not set: the swarm puts tasks where there is no room for them"
        )
    if limit and reserved > limit:
        yield Finding("deploy.resources.reservations.memory", "more than the limit: such a task never fits")
    if not given.get("limits", {}).get("pids"):
        yield Finding("deploy.resources.limits.pids", "not set: one service can take all processes of the node")


def variables(service: Json) -> Iterator[Finding]:
    """A secret that everybody who may inspect the service can read."""
    for name, value in service.get("environment", {}).items():
        secret_name = SECRET_NAME.search(name) and not name.endswith(("_FILE", "_VERSION"))
        if value and (secret_name or PASSWORD_IN_ADDRESS.search(str(value))):
            message = f"everybody who may inspect the service reads it: make it a secret and pass {name}_FILE"
            yield Finding(f"environment.{name}", message)


def named_volumes(service: Json) -> list[Json]:
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
    variables,
)


def findings(stack: Json, files: list[Path]) -> list[Finding]:
    """Judge a rendered stack.

    Args:
        stack: what `docker stack config` printed for `files`, parsed.
        files: the stack files in the order in which they were merged.
    """
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    found = [Finding("", message, place=place) for place, message in unguarded_variables(texts)]
    for name, service in stack.get("services", {}).items():
        for rule in RULES:
            for finding in rule(service):
                place = find(texts, ["services", name, *finding.key.split(".")])
                message = f"{finding.key}: {finding.message}"
                found.append(finding._replace(service=name, place=place, message=message))
    for finding in [*external_objects(stack), *same_secret_twice(stack), *published_twice(stack)]:
        found.append(finding._replace(place=find(texts, finding.key.split("."))))
    return sorted(found, key=lambda finding: (finding.place, finding.service, finding.message))


def external_objects(stack: Json) -> Iterator[Finding]:
    """Judge secrets and configs: neither can be changed, so each needs a name that says which one it is."""
    for kind in ("secrets", "configs"):
        for name, item in (stack.get(kind) or {}).items():
            # The client takes the folder of the stack files when none is named.
            if not item.get("external") and not Path(item.get("file", "")).is_file():
                message = "no such file. Where one stack file says `external` and another `name`, `external` is lost"
                yield Finding(f"{kind}.{name}", message, name)
            elif not item.get("name"):
                message = "it cannot be changed once it is made: give it a `name` with a version"
                yield Finding(f"{kind}.{name}", message, name)


def same_secret_twice(stack: Json) -> Iterator[Finding]:
    """Find secrets that are one and the same: the client sorts references by that name, and else not at all."""
    seen: dict[str, str] = {}
    for key, item in (stack.get("secrets") or {}).items():
        first = seen.setdefault(item.get("name", key), key)
        if first != key:
            message = f"{key} is the same as {first}: what uses both is restarted by deploys that change nothing"
            yield Finding(f"secrets.{key}", message, key)


def published_twice(stack: Json) -> Iterator[Finding]:
    """Find host ports that are published more than once: merging files adds ports, it replaces none."""
    seen: dict[tuple[object, object], str] = {}
    for name, service in stack.get("services", {}).items():
        for port in service.get("ports", []):
            published = (port.get("published"), port.get("protocol", "tcp"))
            if published in seen:
                message = f"port {published[0]} is published by {seen[published]} already"
                yield Finding(f"services.{name}.ports", message, name)
            seen[published] = name


def find(sources: dict[Path, str], path: list[str]) -> Place:
    """Return file and line of a key, or of the longest part of its path that is written down somewhere."""
    places = [(file, positions(text)) for file, text in sources.items()]
    for length in range(len(path), 0, -1):
        # A key is wrong where it was said last, as in merging. A missing one belongs where most is said, at first.
        for file, lines in reversed(places) if length == len(path) else places:
            if tuple(path[:length]) in lines:
                return file, lines[tuple(path[:length])]
    return places[0][0], 1


def positions(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of each key of a YAML file in block style, by its path."""
    found: dict[tuple[str, ...], int] = {}
    parents: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        match = KEY_LINE.match(line)
        if match:
            indent = len(match["indent"])
            parents = [(depth, key) for depth, key in parents if depth < indent]
            parents.append((indent, match["key"]))
            found.setdefault(tuple(key for _, key in parents), number)
    return found


def unguarded_variables(sources: dict[Path, str]) -> Iterator[tuple[Place, str]]:
    """Find variables that become empty without a word when they are not set.

    One `${NAME:?message}` is enough for all other places, since nothing is rendered without it.
    """
    used = []
    required = set()
    for file, text in sources.items():
        for number, line in enumerate(text.splitlines(), start=1):
            for found in VARIABLE.finditer(line.partition("#")[0].replace("$$", "")):
                name = found["braced"] or found["plain"]
                if found["operator"] == ":?":
                    required.add(name)
                elif not found["operator"]:
                    used.append((file, number, name))
    for file, number, name in used:
        if name not in required:
            message = f"${{{name}}} becomes empty when it is not set: write ${{{name}:?set {name}}}, or a default"
            yield (file, number), message
