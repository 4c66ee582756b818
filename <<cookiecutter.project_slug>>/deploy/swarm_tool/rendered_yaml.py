"""Read YAML as `docker stack config` writes it; the standard library has no YAML of its own.

The docker client writes a small part of the language: block mappings and lists, plain and quoted scalars on
one line, literal blocks, and `{}` and `[]` when they are empty. Anything else is an error.
"""

from __future__ import annotations

import json
import re
from typing import Any

KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#\[{&*!|>%@`-][^#]*?|-[^\s:]*)\s*:(?:\s+(.*))?""")
INTEGER = re.compile(r"[-+]?\d+")
FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][-+]?\d+)")
WORDS = {"true": "true", "false": "false", "null": "null", "~": "null", "{}": "{}", "[]": "[]"}
ESCAPE = re.compile(r"\\(x..|.)")
# What YAML escapes and JSON does not know.
ESCAPES = dict(zip("0aveN_LP", (rf"\u{code:04x}" for code in (0, 7, 11, 27, 0x85, 0xA0, 0x2028, 0x2029))))


def parse(text: str) -> Any:
    """Parse a rendered stack; raise ValueError with the number of a line that is not understood."""
    lines = _Lines(text)
    value = lines.block(0)
    if lines.peek()[0] >= 0:
        raise lines.error()
    return value


class _Lines:
    """The lines that are still to be read."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        self.at = 0

    def error(self) -> ValueError:
        return ValueError(f"line {self.at + 1} of the rendered stack is not understood")

    def peek(self) -> tuple[int, str]:
        """Return indentation and content of the next line that has any; -1 at the end."""
        while self.at < len(self.lines) and not self.lines[self.at].strip():
            self.at += 1
        line = self.lines[self.at] if self.at < len(self.lines) else ""
        return (len(line) - len(line.lstrip()) if line else -1), line.strip()

    def block(self, indent: int) -> Any:
        depth, line = self.peek()
        if depth < indent:
            return None
        return self.list(depth) if line == "-" or line.startswith("- ") else self.mapping(depth)

    def list(self, indent: int) -> list[Any]:
        items = []
        while (head := self.peek())[0] == indent and f"{head[1]} ".startswith("- "):
            rest = head[1][2:]
            # The dash counts as indentation of what follows it.
            self.lines[self.at] = " " * (indent + 2) + rest
            nested = not rest or rest.startswith("- ") or KEY.fullmatch(rest)
            items.append(self.block(indent + 1) if nested else self.value(rest, indent))
        return items

    def mapping(self, indent: int) -> dict[str, Any]:
        mapping = {}
        while (head := self.peek())[0] == indent:
            match = KEY.fullmatch(head[1])
            if not match:
                raise self.error()
            key = _quoted(match[1]) if match[1][0] in "\"'" else match[1]
            mapping[key] = self.value(match[2] or "", indent)
        return mapping

    def value(self, rest: str, indent: int) -> Any:
        self.at += 1
        if rest.startswith("|"):
            return self.literal(rest[1:], indent)
        if rest:
            return _scalar(rest)
        depth, line = self.peek()
        # A list may stand at the indentation of its key.
        return self.list(indent) if depth == indent and line.startswith("- ") else self.block(indent + 1)

    def literal(self, style: str, indent: int) -> str:
        begin = self.at
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and len(line) - len(line.lstrip()) <= indent:
                break
            self.at += 1
        taken = self.lines[begin : self.at]
        margin = min(len(line) - len(line.lstrip()) for line in taken if line.strip())
        digits = re.sub(r"\D", "", style)
        text = "\n".join(line[indent + int(digits) if digits else margin :] for line in taken) + "\n"
        return text if "+" in style else text.rstrip("\n") + ("" if "-" in style else "\n")


def _quoted(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return str(json.loads(ESCAPE.sub(lambda found: ESCAPES.get(found[1], found[0].replace(r"\x", r"\u00")), text)))


def _scalar(text: str) -> Any:
    if text[0] in "\"'":
        return _quoted(text)
    if text in WORDS:
        return json.loads(WORDS[text])
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if FLOAT.fullmatch(text) else text
