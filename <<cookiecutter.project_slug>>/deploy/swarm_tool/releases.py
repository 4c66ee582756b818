"""The releases of an environment, kept in its swarm as labelled configs that any operator can read."""

from __future__ import annotations

import base64
import getpass
import json
import os
import socket
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from typing import Any

from .docker import Json
from .environment import Environment
from .outcome import Problem

# Good releases that can be rolled back to, the running one included.
KEPT = 5
# How a release ended. What is not finished is at work, or its command was killed.
GOOD = "good"
STOPPED = "stopped"
ROLLED_BACK = "rolled back"
NOT_ROLLED_BACK = "not rolled back"
UNFINISHED = "not finished"
# What a release is that is no rollback.
DEPLOY = "deploy"


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
    stack: Json = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    migrations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        what = f"{self.what} of {self.image} by {self.who}"
        return f"{self.number:>4}  {self.ended or self.started}  {self.outcome:<15} {self.name:<14} {what}"


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
    found = environment.docker.labelled("config", "deploy.release", f"deploy.stack={environment.stack}")
    # The record of its end takes the place of that of its beginning.
    read = sorted((_read(config) for config in found), key=lambda release: release.outcome != UNFINISHED)
    by_number = {release.number: release for release in read}
    return [by_number[number] for number in sorted(by_number)]


def _read(config: Json) -> Release:
    record = content(config)
    known = {item.name for item in fields(Release)}
    # Another version of this command may note more, and an older one the version of the format: see `stack.parse`.
    release = Release(**{key: value for key, value in record.items() if key in known})
    release.stack.pop("version", None)
    return release


def good(releases: list[Release]) -> list[Release]:
    """Return those that were rolled out and whose site answered; the last one should be running now."""
    return [release for release in releases if release.outcome == GOOD]


def pick(releases: list[Release], wanted: str | None) -> Release:
    """Return the release to go back to, by name or number; None is the one before what runs.

    Raises Problem when there is none, or when what runs is what somebody has gone back to already.
    """
    kept = good(releases)
    known = ", ".join(f"{release.number} ({release.name})" for release in kept) or "none"
    if wanted:
        found = [release for release in kept if wanted in (release.name, str(release.number))]
    elif releases[-1:] and releases[-1].outcome in (UNFINISHED, NOT_ROLLED_BACK):
        # What was begun since is what is to be left.
        found = kept
    elif kept and kept[-1].what != DEPLOY:
        why = f"release {kept[-1].number} is a {kept[-1].what}, by {kept[-1].who} at {kept[-1].ended}; kept: {known}"
        raise Problem("somebody has gone back already", why, "name the release, if it is to be another one")
    else:
        found = [release for release in kept if release.stack != kept[-1].stack]
    if not found:
        raise Problem(f"there is no release {wanted or 'before this one'} to go back to", f"kept: {known}", "name one")
    return found[-1]


def migrated_since(releases: list[Release], target: Release) -> list[str]:
    """Return warnings: what was migrated since a release, and stays so after going back to it."""
    since = [release for release in releases if release.number > target.number]
    applied = [name for release in since for name in release.migrations]
    unknown = [str(release.number) for release in since if release.outcome == UNFINISHED]
    warnings = [f"migrations were applied since, and stay applied: {', '.join(applied)}"] if applied else []
    if unknown:
        warnings.append(f"release {', '.join(unknown)} was not finished: what it has migrated stays applied")
    return warnings


def begin(environment: Environment, release: Release) -> None:
    """Write into the swarm that a release is begun, before anything is changed: its command may be killed."""
    _write(environment, f"{_name(environment, release)}_begun", replace(release, outcome=UNFINISHED))


def record(environment: Environment, release: Release) -> None:
    """Write into the swarm how a release ended."""
    _write(environment, _name(environment, release), release)
    environment.docker.remove("config", f"{_name(environment, release)}_begun")


def withdraw(environment: Environment, release: Release) -> None:
    """Take back what `record` may have written."""
    environment.docker.remove("config", _name(environment, release))


def forget(environment: Environment, releases: list[Release], keep: int) -> list[Json]:
    """Remove the records older than the newest `keep` good releases; return the stacks of those."""
    kept = good(releases)[-keep:]
    for release in releases:
        if release.number < kept[0].number:
            environment.docker.remove("config", f"{_name(environment, release)}_begun")
            environment.docker.remove("config", _name(environment, release))
    return [release.stack for release in kept]


def _name(environment: Environment, release: Release) -> str:
    return f"{environment.stack}_release_{release.number}"


def _write(environment: Environment, name: str, release: Release) -> None:
    if release.outcome != GOOD:
        # Nobody goes back to it.
        release = replace(release, stack={}, images={})
    kind = "begun" if release.outcome == UNFINISHED else "release"
    labels = {"kind": kind, "release": release.name, "outcome": release.outcome, "who": release.who}
    create(environment, name, json.dumps(release.__dict__), labels)


def create(environment: Environment, name: str, text: str, labels: dict[str, str], driver: str = "") -> None:
    """Make a config of less than 1000 KB, the swarm's limit; of several who try one name, one succeeds."""
    options = [f"--template-driver={driver}"] if driver else []
    environment.docker.create("config", name, text, {"stack": environment.stack, **labels}, *options)


def content(config: Json) -> Any:
    """Return the JSON in a config."""
    return json.loads(base64.b64decode(config["Spec"]["Data"]))
