"""Deploy the example as a stack of its own, and remove every trace of it."""

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.command import run
from lab.docker import docker
from lab.ports import free_port
from lab.wait import wait_until
from tests.harness.certificate import Certificate
from tests.harness.site import Site

SETTLE_SECONDS = 5


@dataclass
class Stack:
    """One environment of `project` under a name, ports and secrets of its own.

    `name` has at most 30 characters, since the swarm limits the names of configs to 64. `changes` replaces
    values of the environment's deploy.env.
    """

    name: str
    project: Path
    app_image: str
    proxy_image: str
    certificate: Certificate
    domain: str = "example.com"
    environment: str = "production"
    changes: dict[str, str] = field(default_factory=dict)
    http_port: int = field(default_factory=free_port)
    https_port: int = field(default_factory=free_port)
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def site(self) -> Site:
        return Site(self.domain, self.http_port, self.https_port, self.certificate.certificate)

    @property
    def services(self) -> list[str]:
        """The names of the services, as the stack file has them."""
        text = (self.project / "deploy" / "stack.yml").read_text(encoding="utf-8")
        return sorted(yaml.safe_load(text)["services"])

    def prepare(self) -> None:
        """Label the node and make the secrets, as the comments in deploy/stack.yml ask for."""
        docker("node", "update", "--label-add", f"{self.name}.database=true", this_node())
        self.secrets = throwaway_secrets()
        for name, value in self.secrets.items():
            docker("secret", "create", f"{self.name}_{name}_1", "-", stdin=value)
        docker("secret", "create", f"{self.name}_cron_api_key_0", "-", stdin=secrets.token_urlsafe(32))
        files = {"tls_certificate": self.certificate.certificate, "tls_key": self.certificate.key}
        for name, path in files.items():
            docker("secret", "create", f"{self.name}_{name}_1", str(path))

    def deploy(self, **changes: str) -> None:
        """Deploy with the two commands from the head of deploy/stack.yml; wait for nothing.

        `changes` are kept: they are part of every later deploy.
        """
        self.changes.update(changes)
        variables = self.variables()
        names = ("stack.yml", f"stack.{variables['OVERLAY']}.yml")
        files = [f"--compose-file={name}" for name in names]
        folder = self.project / "deploy"
        env = {**os.environ, **variables}
        rendered = run(["docker", "stack", "config", *files], folder, env).stdout
        # The images are on this machine only: no registry is asked for their digests.
        command = "docker stack deploy --resolve-image=never --compose-file=-".split()
        run([*command, self.name], folder, env, stdin=rendered)

    def variables(self) -> dict[str, str]:
        """Return what fills in the stack files: the environment's deploy.env, and what differs here."""
        settings = self.project / "deploy" / "configs" / self.environment / "deploy.env"
        lines = [
            line for line in settings.read_text().splitlines() if "=" in line and not line.startswith("#")
        ]
        given = dict(line.split("=", 1) for line in lines)
        # This machine's own engine.
        del given["DOCKER_HOST"]
        return {
            **given,
            "STACK": self.name,
            "DOMAIN": self.domain,
            "HTTP_PORT": str(self.http_port),
            "HTTPS_PORT": str(self.https_port),
            "APP_IMAGE": self.app_image,
            "PROXY_IMAGE": self.proxy_image,
            "RELEASE": "0123abc",
            **self.changes,
        }

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

    def migrate(self) -> None:
        """Bring the database up to date from within a replica."""
        docker("exec", self.container("app"), "python", "manage.py", "migrate", "--verbosity=0")

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

    def sql(self, statement: str) -> str:
        """Run SQL as the database's superuser, over the socket in its container; return the rows."""
        psql = ("psql", "--username=postgres", "--dbname=exampleapp", "--no-align", "--tuples-only")
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
        """Remove everything that `prepare` and `deploy` have made."""
        remove(self.name)


@contextmanager
def deployed(stack: Stack) -> Iterator[Stack]:
    """Deploy a stack, healthy and with its tables, for as long as the block lasts."""
    try:
        stack.prepare()
        stack.deploy()
        stack.wait_until_healthy()
        stack.migrate()
        yield stack
    except BaseException:
        print(stack.logs())
        raise
    finally:
        stack.remove()


@contextmanager
def made_whole(stack: Stack, session: pytest.Session) -> Iterator[None]:
    """Show the logs of the stack with a test that fails, and do not let it spoil the next one."""
    failures = session.testsfailed
    yield
    if session.testsfailed > failures:
        print(stack.logs())
    stack.wait_until_healthy()


def take_down(name: str) -> None:
    """Remove the services, networks and configs of a stack, and wait until all its containers are gone."""
    docker("stack", "rm", name, check=False)
    for kind in (["container", "ls", "--all"], ["network", "ls"]):
        listed = [*kind, "--quiet", "--filter", f"label=com.docker.stack.namespace={name}"]
        wait_until(lambda: not docker(*listed).stdout, 90, f"the end of every {kind[0]} of {name}")  # noqa: B023


def remove(name: str) -> None:
    """Remove every trace of a stack from this machine: also its volumes, its secrets and the node's label."""
    take_down(name)
    for kind in ("volume", "secret"):
        for found in docker(kind, "ls", "--quiet", "--filter", f"name={name}_").stdout.split():
            docker(kind, "rm", found)
    docker("node", "update", "--label-rm", f"{name}.database", this_node(), check=False)


def throwaway_secrets() -> dict[str, str]:
    """Return new values for all secrets but the certificate's two."""
    database_password = secrets.token_urlsafe(24)
    redis_password = secrets.token_urlsafe(24)
    return {
        "cron_api_key": secrets.token_urlsafe(32),
        "database_password": database_password,
        "database_uri": f"postgres://exampleapp:{database_password}@db:5432/exampleapp",
        "email_uri": "consolemail://",
        "redis_password": redis_password,
        "redis_uri": f"redis://:{redis_password}@redis:6379/0",
        "secret_key": secrets.token_urlsafe(50),
    }


def this_node() -> str:
    return docker("info", "--format={{.Swarm.NodeID}}").stdout.strip()


def inspect(kind: str, *names: str) -> list[dict[str, Any]]:
    """Return what `docker KIND inspect` says of objects."""
    found: list[dict[str, Any]] = json.loads(docker(kind, "inspect", *names).stdout)
    return found


def split_once(line: str) -> tuple[str, str]:
    first, _, rest = line.partition(" ")
    return first, rest
