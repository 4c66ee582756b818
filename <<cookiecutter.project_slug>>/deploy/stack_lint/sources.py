"""Read the stack files as they are written: where a key stands, and which variables nothing guards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

# A file and the number of a line in it.
Place = tuple[Path, int]

KEY_LINE = re.compile(r"(?P<indent> *)(?P<key>[\w.-]+):(?:\s|$)")
VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?P<operator>:?[-?])?[^}]*\}|(?P<plain>\w+))")


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
