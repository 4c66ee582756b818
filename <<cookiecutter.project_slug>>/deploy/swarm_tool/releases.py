"""The releases of an environment, kept in its swarm as labelled configs that any operator can read."""

from __future__ import annotations

import base64
import getpass
import json
import os
import socket
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .environment import Environment
from .outcome import Problem
from .stack import Stack

# Good releases that can be rolled back to, the running one included.
KEPT = 5
GOOD = "good"


@dataclass
class Release:
    """One deploy or rollback: what was to run, who did it, and how it ended."""

    number: int
    name: str
    what: str
    image: str
    who: str
    started: str
    ended: str = ""
    outcome: str = ""
    stack: Stack = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    migrations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        what = f"{self.what} of {self.image} by {self.who}"
        return f"{self.number:>4}  {self.ended}  {self.outcome:<15} {self.name:<14} {what}"


def now() -> str:
    """Return the time as it is recorded: UTC, to the second."""
    return datetime.now(timezone.utc).replace(microsecond=0).isoformat()


def whoami() -> str:
    """Return who is at work: the person behind a pipeline where GitLab names one."""
    return f"{os.environ.get('GITLAB_USER_LOGIN') or _user()}@{socket.gethostname()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # In a container a user may have a number and no name.
        return f"uid-{os.getuid()}"


def listed(environment: Environment) -> list[Release]:
    """Return all recorded releases, oldest first."""
    found = environment.docker.labelled("config", "deploy.kind=release", f"deploy.stack={environment.stack}")
    return sorted((Release(**content(config)) for config in found), key=lambda release: release.number)


def good(releases: list[Release]) -> list[Release]:
    """Return those that were rolled out and whose site answered; the last one should be running now."""
    return [release for release in releases if release.outcome == GOOD]


def pick(releases: list[Release], wanted: str | None) -> Release:
    """Return the release to go back to, by name or number; None is the last one that differs from what runs."""
    kept = good(releases)
    found = [
        release
        for release in kept
        if (wanted in (release.name, str(release.number)) if wanted else release.stack != kept[-1].stack)
    ]
    if not found:
        known = ", ".join(f"{release.number} ({release.name})" for release in kept) or "none"
        raise Problem(f"there is no release {wanted or 'before this one'} to go back to", f"kept: {known}", "name one")
    return found[-1]


def record(environment: Environment, release: Release) -> None:
    """Write a release into the swarm."""
    labels = {"kind": "release", "release": release.name, "outcome": release.outcome, "who": release.who}
    create(environment, f"{environment.stack}_release_{release.number}", json.dumps(release.__dict__), labels)


def forget(environment: Environment, releases: list[Release], keep: int) -> list[Stack]:
    """Remove the records older than the newest `keep` good releases; return the stacks of those."""
    kept = good(releases)[-keep:]
    for release in releases:
        if release.number < kept[0].number:
            environment.docker.text("config", "rm", f"{environment.stack}_release_{release.number}")
    return [release.stack for release in kept]


def create(environment: Environment, name: str, text: str, labels: dict[str, str], driver: str = "") -> None:
    """Make a config of less than 1000 KB, the swarm's limit; of several who try one name, one succeeds."""
    options = [f"--template-driver={driver}"] if driver else []
    environment.docker.create("config", name, text, {"stack": environment.stack, **labels}, *options)


def content(config: dict[str, Any]) -> Any:
    """Return the JSON in a config."""
    return json.loads(base64.b64decode(config["Spec"]["Data"]))
