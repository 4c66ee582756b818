"""The lock of an environment: a config, since its name can exist only once."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from .docker import DockerError
from .environment import Environment
from .outcome import Problem, report, say
from .releases import content, create, now, whoami


class Holder(NamedTuple):
    """Who holds the lock, since when and why; `process` is 0 for a person who holds it until `unlock`."""

    who: str
    since: str
    why: str
    host: str
    process: int
    until: str
    token: str

    def gone(self) -> str:
        """Return why the holder cannot be at work any more; nothing while it may be."""
        if self.process and self.host == socket.gethostname() and not _alive(self.process):
            return f"process {self.process} on {self.host} has ended"
        return f"it had to be done by {self.until}" if self.process and self.until < now() else ""

    def __str__(self) -> str:
        return f"{self.who} since {self.since}: {self.why}" + (f" ({self.gone()})" if self.gone() else "")


def holder(environment: Environment) -> Holder | None:
    """Return who holds the lock, if anybody does."""
    found = environment.docker.inspect("config", [f"{environment.stack}_lock"])
    return Holder(**content(found[0])) if found else None


def take(environment: Environment, why: str, seconds: float, wait: float = 0) -> Holder:
    """Take the lock for at most some seconds (0: until `unlock`), waiting for others for some.

    Raises Problem when somebody else holds it, or left it behind.
    """
    give_up = time.monotonic() + wait
    until = (datetime.now(timezone.utc) + timedelta(seconds=seconds)).replace(microsecond=0).isoformat()
    process = os.getpid() if seconds else 0
    mine = Holder(whoami(), now(), why, socket.gethostname(), process, until, secrets.token_hex(8))
    told = None
    while True:
        try:
            create(environment, f"{environment.stack}_lock", json.dumps(mine._asdict()), {"kind": "lock"})
            return mine
        except DockerError as error:
            if "already exists" not in error.why:
                raise
            other = holder(environment)
            # The connection may have been lost just after the lock was made.
            if other and other.token == mine.token:
                return mine
            if other and (other.gone() or time.monotonic() >= give_up):
                remedy = "see `status`, then" if other.gone() else "wait (--wait-for-lock SECONDS), or ask; then"
                remedy += f" `deploy/swarm unlock {environment.name}`"
                raise Problem(f"{environment.name} is locked", f"by {other}", remedy) from None
            if other and other != told:
                told = other
                say(f"  waiting for {other}")
        time.sleep(1)


@contextmanager
def held(environment: Environment, why: str, seconds: float, wait: float) -> Iterator[None]:
    """Hold the lock while something is done; arguments as for `take`."""
    mine = take(environment, why, seconds, wait)
    try:
        yield
    finally:
        try:
            # Somebody may have broken it, and taken it since.
            if holder(environment) == mine:
                environment.docker.text("config", "rm", f"{environment.stack}_lock")
        except Problem as problem:
            report(problem)
            say(f"the lock is still there: `deploy/swarm unlock {environment.name}` when the engine answers again")


def break_open(environment: Environment, force: bool) -> None:
    """Remove a lock that a person set or whose holder is gone; with `force` also one that may be in use.

    Raises Problem when it may be in use.
    """
    other = holder(environment)
    if other and other.process and not other.gone() and not force:
        remedy = f"wait, or stop process {other.process} on {other.host}; --force if you know that it is gone"
        raise Problem(f"the lock of {environment.name} may be in use", f"by {other}", remedy)
    if other:
        environment.docker.text("config", "rm", f"{environment.stack}_lock")
    say(f"{environment.name} is unlocked" + (f"; the lock was of {other}" if other else ""))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
