"""Deploy the example as a stack of its own with the docker client alone, and remove every trace of it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
import yaml

from lab.command import run
from lab.docker import docker
from tests.harness.certificate import Certificate
from tests.harness.running import RunningStack, this_node
from tests.harness.site import Site

SHORT_WAITS = Path(__file__).with_name("short_waits.yml")


@dataclass
class Stack(RunningStack):
    """One environment of `project` under a name and secrets of its own.

    `name` has at most 30 characters, since the swarm limits the names of configs to 64. `changes` replaces
    values of the environment's deploy.env.
    """

    app_image: str
    proxy_image: str
    certificate: Certificate
    domain: str = "example.com"
    environment: str = "production"
    changes: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    # Secrets and configs that were replaced, by their keys: what follows the name of the stack.
    replaced: dict[str, str] = field(default_factory=dict)
    # The services that are deployed; all of them when none is named.
    only: tuple[str, ...] = ()

    @property
    def services(self) -> list[str]:
        return sorted(self.only) or super().services

    @property
    def site(self) -> Site:
        return Site(self.domain, self.http_port, self.https_port, self.certificate.certificate)

    def prepare(self) -> None:
        """Label the node and make the secrets, as the comments in deploy/stack.yml ask for."""
        docker("node", "update", "--label-add", f"{self.name}.database=true", this_node())
        self.secrets = throwaway_secrets() | self.secrets
        for name, value in self.secrets.items():
            docker("secret", "create", f"{self.name}_{name}_1", "-", stdin=value)
        for name in ("cron_api_key", "secret_key"):
            docker("secret", "create", f"{self.name}_{name}_0", "-", stdin=secrets.token_urlsafe(32))
        files = {"tls_certificate": self.certificate.certificate, "tls_key": self.certificate.key}
        for name, path in files.items():
            docker("secret", "create", f"{self.name}_{name}_1", str(path))

    def deploy(self, replaced: dict[str, str] | None = None, **changes: str) -> None:
        """Deploy with the two commands from the head of deploy/stack.yml; wait for nothing.

        Another file makes the swarm wait less. `replaced` and `changes` are part of later deploys too.
        """
        self.replaced.update(replaced or {})
        self.changes.update(changes)
        env = {**os.environ, **self.variables()}
        # The images are on this machine only: no registry is asked for their digests.
        command = "docker stack deploy --resolve-image=never --compose-file=-".split()
        run([*command, self.name], self.folder, env, stdin=self.rendered(env))

    @property
    def folder(self) -> Path:
        return self.project / "deploy"

    def rendered(self, env: dict[str, str]) -> str:
        """Return what `docker stack config` makes of the files, with an overlay for what was replaced."""
        overlays = [f"stack.{overlay}.yml" for overlay in env["OVERLAY"].split(",")]
        with NamedTemporaryFile("w", suffix=".yml") as names:
            yaml.safe_dump(self.overlay(), names)
            names.flush()
            files = [f"--compose-file={name}" for name in ("stack.yml", *overlays, SHORT_WAITS, names.name)]
            text = run(["docker", "stack", "config", *files], self.folder, env).stdout
        if self.only:
            parsed = yaml.safe_load(text)
            parsed["services"] = {name: parsed["services"][name] for name in self.only}
            text = yaml.safe_dump(parsed)
        return text

    def overlay(self) -> dict[str, Any]:
        """Return the secrets and configs that were replaced, under their new names."""
        base = yaml.safe_load((self.folder / "stack.yml").read_text(encoding="utf-8"))
        return {
            kind: {
                key: {**base[kind][key], "name": f"{self.name}_{name}"}
                for key, name in self.replaced.items()
                if key in base[kind]
            }
            for kind in ("secrets", "configs")
        }

    def variables(self) -> dict[str, str]:
        """Return what fills in the stack files: the environment's deploy.env, and what differs here."""
        settings = self.folder / "configs" / self.environment / "deploy.env"
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

    def migrate(self) -> None:
        """Bring the database up to date from within a replica."""
        docker("exec", self.container("app"), "python", "manage.py", "migrate", "--verbosity=0")


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
