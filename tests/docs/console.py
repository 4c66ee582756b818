"""Run what a page tells its reader to type, in order and in one shell, and compare what is printed.

A block `console` has commands after `$ `, each followed by what it prints. A block with `title="PATH"` is
a file that the reader writes. Every other block is for reading only.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from tests.docs.page import blocks

# The longest that one command may take, in seconds.
LONGEST = 300
# What takes longer than this is worth a line, in seconds.
SLOW = 2
MARK = "--end of a command, exit code"

# What differs from run to run, on both sides of the comparison: the first that fits is taken.
DIFFERENT = [
    r"sha256:[0-9a-f]{64}",
    # A time.
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)?",
    r"\b\d\d:\d\d:\d\d\b",
    # How long something took, or how long ago it was.
    r"\b\d+(?:\.\d+)? ?s\b",
    r"(?:Less than a|About an?|\d+) (?:second|minute|hour)s?",
    # A size.
    r"\b\d+(?:\.\d+)?[kMG]?B\b",
    # Names that Docker, git or a digest gives: an id of the swarm, a container, a commit, a config.
    r"\b[0-9a-z]{25}\b|\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b|\b[0-9a-f]{7}\b|(?<=_)[0-9a-f]{8}\b",
]


@dataclass(frozen=True)
class Step:
    """One command and what it should print, or (with a path) a file to write; `where` is page and line."""

    where: str
    text: str
    expected: str = ""
    path: str = ""


def steps(page: str, text: str, above: int = 0) -> list[Step]:
    """Return what the reader of a page does, in order; `above` is how many of its lines `text` leaves out."""
    found = []
    for block in blocks(text):
        title = re.search(r'title="([^"]+)"', block.info)
        line = block.line + above
        if title:
            found.append(Step(f"{page}:{line}", block.text, path=title[1]))
        elif block.info == "console":
            found += commands(page, block.text, line)
    return found


def commands(page: str, text: str, line: int) -> list[Step]:
    """Return the commands of one block. One that ends a line with a backslash goes on in the next."""
    head, *parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    if head.strip():
        raise ValueError(f"{page}:{line}: a block begins with a command")
    line, found = line + 1 + head.count("\n"), []
    for part in parts:
        command = re.match(r"(?:.*\\\n)*.*", part)
        assert command
        found.append(Step(f"{page}:{line}", command[0], part[command.end() + 1 :]))
        line += part.count("\n")
    return found


def difference(expected: str, printed: str) -> str:
    """Return nothing when a command printed what was expected, else both texts as they were compared.

    The number of spaces does not matter. `…` stands for any text within a line, a line `...` for any lines.
    """
    wanted, got = tidy(expected), tidy(printed)
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == "..." else re.escape(line).replace("…", "[^\n]+") + r"\n"
        for line in wanted.splitlines()
    )
    return "" if re.fullmatch(pattern, got) else f"--- expected ---\n{wanted}--- printed ---\n{got}"


def tidy(text: str) -> str:
    """Return the lines without what differs from run to run, without empty ones, and with single spaces."""
    text = re.sub("|".join(DIFFERENT), "@", text)
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)


class Shell:
    """A bash that runs one command after the other in a folder, as a reader's terminal does."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, env=environment, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def run(self, command: str) -> tuple[int, str]:
        """Run one command; return its exit code and what it printed. Raises AssertionError without an end."""
        assert self.process.stdin and self.process.stdout  # noqa: PT018
        self.process.stdin.write(f"{{ {command}\n}} < /dev/null\nprintf '\\n{MARK} %s\\n' $?\n")
        self.process.stdin.flush()
        printed = ""
        timer = Timer(LONGEST, self.end)
        timer.start()
        try:
            for line in self.process.stdout:
                if line.startswith(MARK):
                    return int(line.removeprefix(MARK)), printed.removesuffix("\n")
                printed += line
        finally:
            timer.cancel()
        raise AssertionError(f"it did not end within {LONGEST} s, or ended the shell: {command}\n{printed}")

    def end(self) -> None:
        """End the shell and all that it started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()


def follow(todo: list[Step], folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Take the steps one after the other; return a line for each that took a while.

    Raises AssertionError, with the page and the line, at the first step that does not go as the page says.
    """
    shell, slow = Shell(folder, environment), []
    try:
        for step in todo:
            began = time.monotonic()
            take(step, shell)
            seconds = time.monotonic() - began
            if seconds > SLOW:
                slow.append(f"{step.where}: {seconds:.0f} s: {step.text[:70]}")
    finally:
        shell.end()
    return slow


def take(step: Step, shell: Shell) -> None:
    """Take one step; raise AssertionError when it does not go as the page says."""
    if step.path:
        # Relative to where the reader is by now.
        _, here = shell.run("pwd")
        path = Path(here.strip()) / step.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
        return
    code, printed = shell.run(step.text)
    assert code == 0, f"{step.where}: exit code {code} of {step.text}\n{printed}"
    different = difference(step.expected, printed)
    assert not different, f"{step.where}: {step.text} printed something else:\n{different}"
