"""Find in a stack what a swarm ignores without a word, or takes to mean something else than it says.

The stack is judged as `docker stack config` renders it; the files are read for the line to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from . import rules, sources
from .rules import Complaint, Mapping


class Finding(NamedTuple):
    """Something to change, and where."""

    file: Path
    line: int
    service: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.service}: {self.message}"


def check(stack: Mapping, files: list[Path]) -> list[Finding]:
    """Judge a rendered stack.

    Args:
        stack: what `docker stack config` printed for `files`, parsed.
        files: the stack files in the order in which they were merged.
    """
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    findings = [Finding(*place, "-", message) for place, message in sources.unguarded_variables(texts)]
    for name, service in stack.get("services", {}).items():
        for rule in rules.RULES:
            for key, message in rule(service):
                file, line = sources.find(texts, ["services", name, *key.split(".")])
                findings.append(Finding(file, line, name, f"{key}: {message}"))
    for name, (key, message) in [*external_objects(stack), *same_secret_twice(stack), *published_twice(stack)]:
        file, line = sources.find(texts, key.split("."))
        findings.append(Finding(file, line, name, message))
    return sorted(findings)


def external_objects(stack: Mapping) -> Iterator[tuple[str, Complaint]]:
    """Judge secrets and configs: neither can be changed, so each needs a name that says which one it is."""
    for kind in ("secrets", "configs"):
        for name, item in (stack.get(kind) or {}).items():
            # The client takes the folder of the stack files when none is named.
            if not item.get("external") and not Path(item.get("file", "")).is_file():
                message = "no such file. Where one stack file says `external` and another `name`, `external` is lost"
                yield name, (f"{kind}.{name}", message)
            elif not item.get("name"):
                message = "it cannot be changed once it is made: give it a `name` with a version"
                yield name, (f"{kind}.{name}", message)


def same_secret_twice(stack: Mapping) -> Iterator[tuple[str, Complaint]]:
    """Find secrets that are one and the same: the client sorts references by that name, and else not at all."""
    seen: dict[str, str] = {}
    for key, item in (stack.get("secrets") or {}).items():
        first = seen.setdefault(item.get("name", key), key)
        if first != key:
            message = f"{key} is the same as {first}: what uses both is restarted by deploys that change nothing"
            yield key, (f"secrets.{key}", message)


def published_twice(stack: Mapping) -> Iterator[tuple[str, Complaint]]:
    """Find host ports that are published more than once: merging files adds ports, it replaces none."""
    seen: dict[Any, str] = {}
    for name, service in stack.get("services", {}).items():
        for port in service.get("ports", []):
            published = (port.get("published"), port.get("protocol", "tcp"))
            if published in seen:
                message = f"port {published[0]} is published by {seen[published]} already"
                yield name, (f"services.{name}.ports", message)
            seen[published] = name
