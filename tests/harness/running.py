"""What runs in a swarm under a stack's name: look into it, wait for it, and remove every trace of it."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.command import run
from lab.docker import docker
from lab.ports import free_port
from lab.wait import wait_until

SETTLE_SECONDS = 5


@dataclass
class RunningStack:
    """A stack that was deployed from `project`, whichever way, and listens on ports of its own."""

    name: str
    project: Path
    http_port: int = field(default_factory=free_port, kw_only=True)
    https_port: int = field(default_factory=free_port, kw_only=True)

    @property
    def services(self) -> list[str]:
        """The names of the services, as the stack file has them."""
        text = (self.project / "deploy" / "stack.yml").read_text(encoding="utf-8")
        return sorted(yaml.safe_load(text)["services"])

    def wait_until_healthy(self, seconds: float = 120) -> None:
        """Wait until every service has all its replicas, which count only once they are healthy."""
        wait_until(lambda: self.is_complete(), seconds, f"all services of {self.name}: {self.replicas()}")

    def wait_until_known(self) -> None:
        """Wait until all replicas are healthy and the proxy knows of them.

        It asks for their addresses once a second, and a request that it passed on before knows of no other.
        When the only one that it knew dies, the request cannot be repeated.
        """
        self.wait_until_healthy()
        time.sleep(SETTLE_SECONDS)

    def wait_until_updated(self, service: str, seconds: float = 90) -> None:
        """Wait for the end of the update that a deploy has begun. Fails when it was paused or rolled back."""
        state = "--format={{with .UpdateStatus}}{{.State}}{{end}}"
        command = ("service", "inspect", state, f"{self.name}_{service}")
        # Empty until the swarm has begun.
        under_way = ("", "updating", "rollback_started")
        ended = wait_until(
            lambda: {docker(*command).stdout.strip()}.difference(under_way),
            seconds,
            f"the update of {service}",
        )
        assert ended == {"completed"}

    def is_complete(self) -> bool:
        replicas = self.replicas()
        return set(replicas) == set(self.services) and all(
            running == wanted != "0"
            for running, _, wanted in (text.partition("/") for text in replicas.values())
        )

    def replicas(self) -> dict[str, str]:
        """Return running and wanted replicas, such as "1/2", by service."""
        lines = docker("stack", "services", "--format={{.Name}} {{.Replicas}}", self.name).stdout.splitlines()
        return {name.removeprefix(f"{self.name}_"): rest.split()[0] for name, rest in map(split_once, lines)}

    def container(self, service: str) -> str:
        """Return the id of one running container of a service."""
        return self.containers(service)[0]

    def containers(self, service: str) -> list[str]:
        """Return the ids of a service's running containers on this machine, the oldest first."""
        label = f"label=com.docker.swarm.service.name={self.name}_{service}"
        return docker("ps", "--quiet", "--no-trunc", "--filter", label).stdout.split()[::-1]

    def all_containers(self) -> list[str]:
        """Return the ids of all containers of the stack on this machine, also of those that ended."""
        label = f"label=com.docker.stack.namespace={self.name}"
        return docker("ps", "--all", "--quiet", "--no-trunc", "--filter", label).stdout.split()

    def processes(self, service: str) -> list[Path]:
        """Return the folder below /proc of every process in a service's containers on this machine."""
        tops = [
            docker("top", container, "-eo", "pid").stdout.split()[1:]
            for container in self.containers(service)
        ]
        found = [Path("/proc") / pid for pids in tops for pid in pids]
        assert found, f"no process of {service}"
        return found

    def addresses(self, service: str) -> list[str]:
        """Return the addresses of a service's first container on the stack's networks."""
        (described,) = inspect("container", self.container(service))
        networks = described["NetworkSettings"]["Networks"]
        return [network["IPAddress"] for name, network in networks.items() if name.startswith(self.name)]

    def is_neighbour(self, service: str, address: str) -> bool:
        """Tell whether a service's container is on the network of `address`, without a router between."""
        (process, *_) = self.processes(service)
        enter = ["nsenter", f"--net={process}/ns/net"]
        return " via " not in run([*enter, "ip", "route", "get", address]).stdout

    def resolves(self, service: str, name: str) -> bool:
        """Tell whether the swarm's DNS knows `name` where a service's container asks."""
        return docker("exec", self.container(service), "getent", "hosts", name, check=False).returncode == 0

    def configs(self) -> list[str]:
        """Return the names of the stack's configs."""
        label = f"label=com.docker.stack.namespace={self.name}"
        return docker("config", "ls", "--format={{.Name}}", "--filter", label).stdout.split()

    def objects(self, kind: str) -> set[str]:
        """Return the names of the secrets, configs, services or networks of this stack."""
        return objects(kind, self.name)

    def sql(self, statement: str) -> str:
        """Run SQL as the database's superuser, over the socket in its container; return the rows."""
        psql = (
            "psql",
            "--username=postgres",
            "--dbname=exampleapp",
            "--no-align",
            "--tuples-only",
            "--quiet",
        )
        return docker("exec", self.container("db"), *psql, f"--command={statement}").stdout.strip()

    def lines_with(self, service: str, needle: str) -> list[str]:
        """Return the lines with `needle` that a service has logged; wait until there is one."""
        return wait_until(
            lambda: [line for line in self.log(service).splitlines() if needle in line],
            10,
            f"{needle} in the log of {service}",
        )

    def log(self, service: str) -> str:
        """Return what all containers of a service have printed, also those that ended.

        Read from the containers: `docker service logs` was seen to wait for ever for one that had ended.
        """
        label = f"label=com.docker.swarm.service.name={self.name}_{service}"
        found = docker("ps", "--all", "--quiet", "--filter", label).stdout.split()
        # The swarm may remove one between the two commands.
        printed = [docker("logs", container, check=False) for container in found]
        return "".join(result.stdout + result.stderr for result in printed)

    def logs(self) -> str:
        """Return the last lines of every service, and what the swarm says of its tasks."""
        tasks = ("stack", "ps", "--no-trunc", "--format={{.Name}} {{.CurrentState}} {{.Error}}", self.name)
        parts = [docker(*tasks, check=False).stdout]
        for service in self.services:
            last_lines = "\n".join(self.log(service).splitlines()[-60:])
            parts.append(f"--- {service} ---\n{last_lines}")
        return "\n".join(parts)

    def take_down(self) -> None:
        """Remove the services and networks; volumes and secrets stay. Waits until all containers are gone."""
        take_down(self.name)

    def remove(self) -> None:
        """Remove everything that was made under this name."""
        remove(self.name)


def take_down(name: str) -> None:
    """Remove the services, networks and configs of a stack, and wait until all its containers are gone."""
    docker("stack", "rm", name, check=False)
    for kind in (["container", "ls", "--all"], ["network", "ls"]):
        listed = [*kind, "--quiet", "--filter", f"label=com.docker.stack.namespace={name}"]
        wait_until(lambda: not docker(*listed).stdout, 90, f"the end of every {kind[0]} of {name}")  # noqa: B023


def remove(name: str) -> None:
    """Remove every trace of a stack from this machine.

    With it go its one-off tasks, its volumes and secrets, what is written down of it, and the node's label.
    """
    for service in objects("service", name):
        docker("service", "rm", service, check=False)
    take_down(name)
    for kind in ("volume", "secret", "config"):
        for found in objects(kind, name):
            docker(kind, "rm", found)
    docker("node", "update", "--label-rm", f"{name}.database", this_node(), check=False)


def objects(kind: str, name: str) -> set[str]:
    """Return the names of the secrets, configs, services, networks or volumes of a stack and of its tasks."""
    listed = docker(kind, "ls", "--format={{.Name}}").stdout.split()
    return {found for found in listed if found.startswith((f"{name}_", f"{name}-"))}


def this_node() -> str:
    return docker("info", "--format={{.Swarm.NodeID}}").stdout.strip()


def inspect(kind: str, *names: str) -> list[dict[str, Any]]:
    """Return what `docker KIND inspect` says of objects."""
    found: list[dict[str, Any]] = json.loads(docker(kind, "inspect", *names).stdout)
    return found


def split_once(line: str) -> tuple[str, str]:
    first, _, rest = line.partition(" ")
    return first, rest
