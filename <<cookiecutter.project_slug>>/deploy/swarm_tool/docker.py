"""The docker client: every word to the engine goes through here."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .outcome import Problem, say

# Seconds that a lost connection may last before the command counts as failed.
RECONNECT = 30.0
# Seconds after which a client that says nothing counts as a lost connection.
TIMEOUT = 60.0
# How often a stack is handed over while something else changes it.
ATTEMPTS = 10
# What the client says when it cannot reach the engine (seen with 28, over a unix socket and over ssh).
LOST = (
    "cannot connect to the docker daemon",
    "error during connect",
    "connection refused",
    "connection reset",
    "broken pipe",
    "i/o timeout",
    "unexpected eof",
)

# An object as docker tells it or takes it: a service, a task, a stack.
Json = dict[str, Any]


class DockerError(Problem):
    """The engine said no; `why` holds its words."""


class ConnectionLost(Problem):
    """The engine did not answer for longer than a connection may be lost."""


class Docker:
    """The docker client, speaking to the engine of DOCKER_HOST or DOCKER_CONTEXT."""

    # Seconds that a lost connection may last, and between two tries to get it back.
    reconnect = RECONNECT
    pause = 1.0

    def __init__(self, where: dict[str, str]) -> None:
        self.variables = {**os.environ, **where}
        if "DOCKER_CONTEXT" in where:
            self.variables.pop("DOCKER_HOST", None)
        # An engine that never answered is not worth waiting for.
        self.patience = 0.0

    def text(
        self,
        *arguments: str,
        value: str = "",
        timeout: float = TIMEOUT,
        both: bool = False,
        variables: dict[str, str] | None = None,
    ) -> str:
        """Run a docker command and return what it prints; with `both`, also to standard error.

        `value` is what it reads from standard input: the way for secrets, which are never arguments. `variables`
        take the place of its own. Raises DockerError, and ConnectionLost when the engine stays away.
        """
        give_up = 0.0
        while True:
            try:
                done = self.once(*arguments, value=value, timeout=timeout, variables=variables)
                error = done.stderr.strip()
                if done.returncode == 0:
                    self.patience = self.patience or self.reconnect
                    return done.stdout + (done.stderr if both else "")
                if not _lost(error.lower()):
                    raise DockerError(f"docker {' '.join(arguments[:2])} failed", error, "correct what it names")
            except subprocess.TimeoutExpired:
                error = f"no answer within {timeout:.0f} s"
            except OSError as missing:
                raise no_client(missing) from None
            if not give_up:
                give_up = time.monotonic() + self.patience
                say(f"  connection lost ({error.splitlines()[-1]})")
            if time.monotonic() >= give_up:
                raise ConnectionLost("the engine does not answer", error, "check DOCKER_HOST and the network")
            time.sleep(self.pause)

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """Raise ConnectionLost at once while this lasts, instead of asking again: some things must not be done twice."""
        patience, self.patience = self.patience, 0.0
        try:
            yield
        finally:
            self.patience = patience

    def once(
        self, *arguments: str, value: str, timeout: float, variables: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a docker command once, whatever comes of it; arguments as for `text`."""
        done = subprocess.run(
            ["docker", *arguments], input=value.encode(), env=self.variables if variables is None else variables,
            timeout=timeout, capture_output=True, check=False,
        )  # fmt: skip
        # Whatever the locale of this machine is, the engine speaks UTF-8.
        printed, error = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        return subprocess.CompletedProcess(done.args, done.returncode, printed, error)

    def start(self, *arguments: str, both: bool = False) -> subprocess.Popen[bytes]:
        """Start a docker command that goes on; who starts it reads its pipes and ends it. `both` makes one of them."""
        error = subprocess.STDOUT if both else subprocess.PIPE
        try:
            return subprocess.Popen(
                ["docker", *arguments],
                env=self.variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=error,
            )  # fmt: skip
        except OSError as missing:
            raise no_client(missing) from None

    def attach(self, *arguments: str) -> int:
        """Run a docker command with this terminal until a person ends it, and return its exit code."""
        try:
            return subprocess.run(["docker", *arguments], env=self.variables, check=False).returncode
        except OSError as missing:
            raise no_client(missing) from None

    def inspect(self, kind: str, names: list[str]) -> list[Json]:
        """Inspect objects of a kind by name or id; those that are gone are left out."""
        if not names:
            return []
        command = ["inspect", "--type", kind] if kind in ("task", "container") else [kind, "inspect"]
        try:
            found: list[Json] = json.loads(self.text(*command, *names))
        except DockerError:
            # One of several may have gone since it was listed.
            return [] if len(names) == 1 else [item for name in names for item in self.inspect(kind, [name])]
        return found

    def labelled(self, kind: str, *labels: str) -> list[Json]:
        """Inspect every object of a kind that carries all these labels, each written `name=value`."""
        filters = [f"--filter=label={label}" for label in labels]
        return self.inspect(kind, self.text(kind, "ls", "--quiet", *filters).split())

    def names(self, kind: str) -> list[str]:
        """Return the names of all objects of a kind."""
        return self.text(kind, "ls", "--format", "{{.Name}}").split()

    def create(self, kind: str, name: str, value: str, labels: dict[str, str], *options: str) -> None:
        """Make a secret or config; its labels get the prefix `deploy.`. Raises DockerError when the name is taken."""
        # Tells what was made here, while the answer got lost, from what somebody else has made.
        mine = secrets.token_hex(8)
        labelled = [f"--label=deploy.{key}={text}" for key, text in {**labels, "made": mine}.items()]
        try:
            self.text(kind, "create", *labelled, *options, name, "-", value=value)
        except DockerError:
            found = self.inspect(kind, [name])
            if not found or (found[0]["Spec"].get("Labels") or {}).get("deploy.made") != mine:
                raise

    def remove(self, kind: str, name: str) -> None:
        """Remove an object by name or id; one that is gone already is no error."""
        try:
            self.text(kind, "rm", name)
        except DockerError:
            if self.inspect(kind, [name]):
                raise

    def deploy_stack(self, name: str, stack: str) -> None:
        """Hand a stack to the swarm; this returns before anything runs."""
        options = ("--detach=true", "--with-registry-auth", "--resolve-image=never", "--compose-file=-")
        for left in reversed(range(ATTEMPTS)):
            try:
                self.text("stack", "deploy", *options, name, value=stack)
                return
            except DockerError as error:
                # The swarm itself changes a service while it rolls back: what was read of it is old by then.
                if "update out of sequence" not in error.why or not left:
                    raise
            time.sleep(1)


def no_client(error: OSError) -> Problem:
    """Return what to say when there is no docker client to ask."""
    return Problem("the docker client cannot be started", str(error), "install docker-cli, and look at PATH")


def _lost(error: str) -> bool:
    # What the engine itself could not reach, such as a registry, is an answer.
    return "error response from daemon" not in error and any(sign in error for sign in LOST)
