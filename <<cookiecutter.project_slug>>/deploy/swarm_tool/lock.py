"""The lock of an environment: a config, since its name can exist only once."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from .docker import DockerError
from .environment import Environment
from .outcome import Problem, report, say
from .releases import content, create, now, whoami


class Holder(NamedTuple):
    """Who holds the lock, since when and why; `process` is 0 for a person who holds it until `unlock`.

    `place` is where the number of the process means something, `began` tells it from a later one of that number.
    """

    who: str
    since: str
    why: str
    host: str
    process: int
    until: str
    token: str
    place: str = ""
    began: str = ""

    def __str__(self) -> str:
        return f"{self.who} since {self.since}: {self.why}"


class Lock(NamedTuple):
    """The lock as the swarm has it; `late` if its holder had to be done by now, by the swarm's own clock."""

    id: str
    holder: Holder
    late: bool

    def gone(self) -> str:
        """Return why the holder cannot be at work any more; nothing while it may be."""
        holder = self.holder
        if holder.process and holder.place == _place() and not _alive(holder.process, holder.began):
            return f"process {holder.process} on {holder.host} has ended"
        return "it had to be done by now" if holder.process and self.late else ""

    def __str__(self) -> str:
        gone = self.gone()
        return f"{self.holder}" + (f" ({gone})" if gone else "")


class LockLost(Problem):
    """Somebody took the lock away from the one who held it."""


def current(environment: Environment) -> Lock | None:
    """Return the lock, if anybody holds it."""
    found = environment.docker.inspect("config", [_name(environment)])
    if not found:
        return None
    # Another version of this command may note more.
    noted = {key: value for key, value in content(found[0]).items() if key in Holder._fields}
    holder = Holder(**noted)
    # The holder's clock may be wrong: what it says is used as a span alone.
    span = _time(holder.until) - _time(holder.since)
    late = bool(holder.process) and _swarm_time(environment) - _time(found[0]["CreatedAt"]) > span
    return Lock(found[0]["ID"], holder, late)


def take(environment: Environment, why: str, seconds: float, wait: float = 0) -> Holder:
    """Take the lock for at most some seconds (0: until `unlock`), waiting for others for some.

    Takes over the lock of a holder that is gone. Raises Problem when somebody else holds it.
    """
    mine = _me(why, seconds)
    _take(environment, mine, wait)
    return mine


def _take(environment: Environment, mine: Holder, wait: float) -> None:
    give_up = time.monotonic() + wait
    told = ""
    while True:
        try:
            create(environment, _name(environment), json.dumps(mine._asdict()), {"kind": "lock"})
            return
        except DockerError as error:
            if "already exists" not in error.why:
                raise
        other = current(environment)
        if other and other.gone():
            say(f"  the lock was left behind by {other}")
            # By its id: somebody else may take it over just now.
            environment.docker.remove("config", other.id)
            continue
        if other and time.monotonic() >= give_up:
            remedy = f"wait (--wait-for-lock SECONDS), or ask; then `deploy/swarm unlock {environment.name}`"
            raise Problem(f"{environment.name} is locked", f"by {other}", remedy)
        if other and str(other) != told:
            told = str(other)
            say(f"  waiting for {other}")
        time.sleep(1)


def check(environment: Environment, mine: Holder) -> None:
    """Raise LockLost when the lock is not one's own any more."""
    lock = current(environment)
    if not lock or lock.holder.token != mine.token:
        why = f"it was taken by {lock}" if lock else "somebody removed it with `unlock`"
        raise LockLost(f"the lock of {environment.name} was lost", why, "see `status`, and deploy again")


@contextmanager
def held(environment: Environment, why: str, seconds: float, wait: float) -> Iterator[Holder]:
    """Hold the lock while something is done; arguments as for `take`."""
    mine = _me(why, seconds)
    try:
        _take(environment, mine, wait)
    except KeyboardInterrupt:
        # It may be made already.
        _give_back(environment, mine)
        raise
    try:
        yield mine
    finally:
        _give_back(environment, mine)


def break_open(environment: Environment, force: bool) -> None:
    """Remove a lock that a person set or whose holder is gone; with `force` also one that may be in use.

    Raises Problem when it may be in use.
    """
    lock = current(environment)
    if lock and lock.holder.process and not lock.gone() and not force:
        at_work = f"process {lock.holder.process} on {lock.holder.host}"
        remedy = f"wait, or stop {at_work}; --force if you know that it is gone"
        raise Problem(f"the lock of {environment.name} may be in use", f"by {lock}", remedy)
    if lock:
        environment.docker.remove("config", lock.id)
    say(f"{environment.name} is unlocked" + (f"; the lock was of {lock}" if lock else ""))


def _give_back(environment: Environment, mine: Holder) -> None:
    try:
        lock = current(environment)
        # Somebody may have broken it, and taken it since.
        if lock and lock.holder.token == mine.token:
            environment.docker.remove("config", lock.id)
    except Problem as problem:
        report(problem)
        say(f"the lock is still there: `deploy/swarm unlock {environment.name}` when the engine answers again")


def _name(environment: Environment) -> str:
    return f"{environment.stack}_lock"


def _me(why: str, seconds: float) -> Holder:
    until = (datetime.now(timezone.utc) + timedelta(seconds=seconds)).replace(microsecond=0).isoformat()
    process = os.getpid() if seconds else 0
    token = secrets.token_hex(8)
    return Holder(whoami(), now(), why, socket.gethostname(), process, until, token, _place(), _began(os.getpid()))


def _time(text: str) -> datetime:
    """Read a time as Go or Python writes it; fractions of a second are left out."""
    return datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00"))


def _swarm_time(environment: Environment) -> datetime:
    return _time(environment.docker.text("info", "--format", "{{.SystemTime}}").strip())


def _place() -> str:
    """Return what tells one space of process numbers from another: containers have their own, under one host name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        # Not on Linux, where all processes of a machine share one space.
        return f"{sys.platform} {socket.gethostname()}"


def _began(process: int) -> str:
    """Return when a process began, in ticks since the machine did; nothing where that is not known."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # proc_pid_stat(5): state is the third field, starttime the 22nd; the second may hold spaces.
    after_name = stat.rpartition(")")[2].split()
    return "ended" if after_name[0] in "ZX" else after_name[19]


def _alive(process: int, began: str) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It is somebody else's.
        pass
    since = _began(process)
    return since in ("", began) or not began
