"""Find in a stack what a swarm ignores without a word, or takes to mean something else than it says.

The stack is judged as `docker stack config` renders it; the files are read for the line to look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .lint_rules import RULES, Complaint, Mapping

# A file and the number of a line in it.
Place = tuple[Path, int]

KEY_LINE = re.compile(r"(?P<indent> *)(?P<key>[\w.-]+):(?:\s|$)")
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?P<operator>:?[-?])?[^}]*\}|(?P<plain>\w+))")


class Finding(NamedTuple):
    """Something to change, and where."""

    file: Path
    line: int
    service: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.service}: {self.message}"


def findings(stack: Mapping, files: list[Path]) -> list[Finding]:
    """Judge a rendered stack.

    Args:
        stack: what `docker stack config` printed for `files`, parsed.
        files: the stack files in the order in which they were merged.
    """
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    found = [Finding(*place, "-", message) for place, message in unguarded_variables(texts)]
    for name, service in stack.get("services", {}).items():
        for rule in RULES:
            for key, message in rule(service):
                file, line = find(texts, ["services", name, *key.split(".")])
                found.append(Finding(file, line, name, f"{key}: {message}"))
    for name, (key, message) in [*external_objects(stack), *same_secret_twice(stack), *published_twice(stack)]:
        file, line = find(texts, key.split("."))
        found.append(Finding(file, line, name, message))
    return sorted(found)


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


def find(sources: dict[Path, str], path: list[str]) -> Place:
    """Return file and line of a key, or of the longest part of its path that is written down somewhere."""
    places = [(file, positions(text)) for file, text in sources.items()]
    for length in range(len(path), 0, -1):
        # A key is wrong where it was said last, as in merging. A missing one belongs where most is said, at first.
        for file, lines in reversed(places) if length == len(path) else places:
            if tuple(path[:length]) in lines:
                return file, lines[tuple(path[:length])]
    return places[0][0], 1


def positions(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of each key of a YAML file in block style, by its path."""
    found: dict[tuple[str, ...], int] = {}
    parents: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        match = KEY_LINE.match(line)
        if match:
            indent = len(match["indent"])
            parents = [(depth, key) for depth, key in parents if depth < indent]
            parents.append((indent, match["key"]))
            found.setdefault(tuple(key for _, key in parents), number)
    return found


def unguarded_variables(sources: dict[Path, str]) -> Iterator[tuple[Place, str]]:
    """Find variables that become empty without a word when they are not set.

    One `${NAME:?message}` is enough for all other places, since nothing is rendered without it.
    """
    used = []
    required = set()
    for file, text in sources.items():
        for number, line in enumerate(text.splitlines(), start=1):
            for found in VARIABLE.finditer(line.partition("#")[0].replace("$$", "")):
                name = found["braced"] or found["plain"]
                if found["operator"] == ":?":
                    required.add(name)
                elif not found["operator"]:
                    used.append((file, number, name))
    for file, number, name in used:
        if name not in required:
            message = f"${{{name}}} becomes empty when it is not set: write ${{{name}:?set {name}}}, or a default"
            yield (file, number), message
