"""An environment of its own for the deploy command: a copied folder, short waits, and every trace removed."""

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.command import run
from lab.docker import docker
from lab.wait import wait_until
from tests.harness.client_machine import ITS_ADDRESS
from tests.harness.running import RunningStack, this_node
from tests.harness.signals import let_interrupt
from tests.harness.site import Site

DOMAIN = "trial.test"
STUB = Path(__file__).with_name("stub")

# Waits and sizes that suit a test; everything else is what the project ships.
OVERLAY = """\
x-small: &small
  limits: {memory: "${APP_LIMIT:-512M}"}
  reservations: {memory: "${APP_RESERVATION:-32M}"}

services:
  app:
    healthcheck: {start_period: 10s, interval: 2s, timeout: 5s}
    deploy:
      replicas: ${REPLICAS:-2}
      resources: *small
      update_config: {delay: 0s, monitor: "${MONITOR:-2s}"}
      rollback_config: {monitor: 1s}
  proxy:
    deploy:
      resources: *small
      update_config: {monitor: 2s}
      rollback_config: {monitor: 1s}
  site:
    healthcheck: {start_period: 15s, interval: 2s}
    deploy:
      resources: *small
      update_config: {monitor: 2s}
      rollback_config: {monitor: 1s}
  db:
    image: "${DATABASE_IMAGE:-postgres:17-trixie}"
    deploy:
      resources: *small
      update_config: {monitor: 2s}
  cron:
    deploy:
      resources: *small
      update_config: {monitor: 2s}
      rollback_config: {monitor: 1s}
  redis:
    image: "${CACHE_IMAGE:-redis:8-trixie}"
    environment: {REDIS_MAXMEMORY: 32mb}
    deploy:
      resources: *small
      update_config: {monitor: 2s}
"""


@dataclass
class Trial(RunningStack):
    """One environment `trial` in a project's own copy, on the swarm of this machine.

    `settings` are added to deploy.env, `variables` to the environment in which deploy/swarm runs.
    """

    proxy_image: str
    address: str = "127.0.0.1"
    settings: dict[str, str] = field(default_factory=dict)
    images: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.project / "deploy" / "configs" / "trial"

    @property
    def site(self) -> Site:
        """The site as a client sees it, trusting the certificate that `take_certificate` saw last."""
        return Site(DOMAIN, self.http_port, self.https_port, self.project / "trusted.pem", self.address)

    def prepare(self) -> None:
        """Make the environment as its owner would: copy a folder and change its settings."""
        shutil.copytree(self.folder.with_name("production"), self.folder)
        access = self.folder / "access.nginx.inc"
        text = access.read_text(encoding="utf-8")
        access.write_text(text.replace("# 192.0.2.0/24 1;", f"{ITS_ADDRESS} 1;"), encoding="utf-8")
        # All visitors of a test come from one address, and count as one client.
        proxy = self.project / "deploy/proxy/site.conf"
        text = proxy.read_text(encoding="utf-8")
        proxy.write_text(
            text.replace("limit_conn client_bodies 6;", "limit_conn client_bodies 64;"), encoding="utf-8"
        )
        (self.project / "deploy" / "stack.trial.yml").write_text(OVERLAY, encoding="utf-8")
        docker("tag", self.proxy_image, f"{self.name}:proxy")
        self.images.append(f"{self.name}:proxy")
        self.configure()

    def configure(self, **changes: str) -> None:
        """Write deploy.env; `changes` are for this time only."""
        given = {
            "ENVIRONMENT": "trial",
            "STACK": self.name,
            "OVERLAY": "trial",
            "DOMAIN": DOMAIN,
            "HTTP_PORT": str(self.http_port),
            "HTTPS_PORT": str(self.https_port),
            "PROXY_IMAGE": f"{self.name}:proxy",
            "VERIFY_ADDRESS": self.address,
            "DEADLINE": "120",
            **self.settings,
            **changes,
        }
        lines = "".join(f"{name}={value}\n" for name, value in given.items())
        (self.folder / "deploy.env").write_text(lines, encoding="utf-8")

    def release(self, release: str, behaviour: str = "good") -> str:
        """Build the stand-in of the app as a release that behaves in some way, and return its tag."""
        tag = f"{self.name}:{release}"
        arguments = [f"--build-arg=RELEASE={release}", f"--build-arg=BEHAVIOUR={behaviour}"]
        docker("build", "--quiet", f"--tag={tag}", *arguments, str(STUB))
        if tag not in self.images:
            self.images.append(tag)
        return tag

    def swarm(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        """Run deploy/swarm, expect its exit code, and return all that it printed."""
        command, *rest = arguments
        tool = self.project / "deploy/swarm"
        done = run([tool, command, "trial", *rest], env=self.shell, check=False, stdin=stdin)
        printed = done.stdout + done.stderr
        assert done.returncode == code, f"exit code {done.returncode} instead of {code}:\n{printed}"
        return printed

    @property
    def shell(self) -> dict[str, str]:
        """The environment of the operator's shell."""
        return {**os.environ, **self.variables}

    def deploy(self, release: str, behaviour: str = "good", code: int = 0) -> str:
        """Deploy a release of the stand-in, and return what the command printed."""
        return self.swarm("deploy", f"--image={self.release(release, behaviour)}", code=code)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start deploy/swarm in a group of its own, as a shell starts it in a terminal."""
        command, *rest = arguments
        return subprocess.Popen(
            [self.project / "deploy/swarm", command, "trial", *rest],
            env=self.shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True, preexec_fn=let_interrupt,
        )  # fmt: skip

    def start_and_stop(self, behaviour: str, sign: str, number: signal.Signals) -> tuple[int, str]:
        """Deploy, send a signal once the command prints `sign`, and return exit code and output."""
        process = self.start("deploy", f"--image={self.release(behaviour, behaviour)}")
        printed = ""
        for line in process.stdout or ():
            printed += line
            if sign in line:
                # Ctrl-C reaches the docker client as well: it is in the same group.
                os.killpg(process.pid, number)
                break
        rest, _ = process.communicate(timeout=300)
        return process.returncode, printed + rest

    def answers(self) -> str:
        """Return the release that the site answers with."""
        # Any certificate will do: which one is shown has tests of its own.
        self.take_certificate()
        return str(self.site.get("/").json()["release"])

    def take_certificate(self) -> str:
        """Return the certificate that the proxy shows, and trust it from now on."""
        where = f"{self.address}:{self.https_port}"
        shown = run(["openssl", "s_client", "-connect", where, "-servername", DOMAIN], check=False).stdout
        begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n"
        pem = begin + shown.partition(begin)[2].partition(end)[0] + end
        (self.project / "trusted.pem").write_text(pem, encoding="ascii")
        return pem

    def tasks(self, *services: str) -> set[str]:
        """Return the ids of the tasks that the swarm wants to run for services; none named is all."""
        running = ["--filter=desired-state=running", "--quiet", "--no-trunc"]
        found = [docker("service", "ps", *running, f"{self.name}_{service}").stdout for service in services]
        return set("".join(found or [docker("stack", "ps", *running, self.name).stdout]).split())

    def specification(self, service: str) -> dict[str, Any]:
        """Return what the swarm is told to run as a service."""
        (found,) = json.loads(docker("service", "inspect", f"{self.name}_{service}").stdout)
        specification: dict[str, Any] = found["Spec"]
        return specification

    def is_settled(self, release: str) -> bool:
        """Tell whether a release runs, and another deploy of it would change nothing."""
        app = self.specification("app")
        # After a new key the next deploy takes the old one away.
        no_old_key = all(
            f"{self.name}_{name}_0" in json.dumps(app) for name in ("cron_api_key", "secret_key")
        )
        return no_old_key and app["Labels"]["release"] == release

    def whole(self, release: str) -> None:
        """Expect that the stack runs a release, is not locked, and no job is left of what was tried."""
        assert self.answers() == release
        assert self.specification("app")["Labels"]["release"] == release
        assert f"{self.name}_lock" not in self.objects("config")
        # The swarm removes a service's last task after the service.
        wait_until(
            lambda: not [job for job in self.objects("service") if job.endswith("_task")], 10, "no job"
        )

    def remove(self) -> None:
        """Remove everything that was made under this name."""
        super().remove()
        for image in self.images:
            docker("image", "rm", "--force", image, check=False)


def label(name: str, node: str | None = None, *, remove_it: bool = False) -> None:
    """Label a node as the one with a stack's database, or take the label away."""
    option = ["--label-rm", f"{name}.database"] if remove_it else ["--label-add", f"{name}.database=true"]
    docker("node", "update", *option, node or this_node())
