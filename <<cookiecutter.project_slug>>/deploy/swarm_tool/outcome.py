"""What an operator sees of a command: its steps while they last, problems in three lines, the exit code."""

from __future__ import annotations

import enum
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Exit(enum.IntEnum):
    """Exit codes; `deploy/swarm --help` explains them."""

    DONE = 0
    USAGE = 2
    REFUSED = 3
    ROLLED_BACK = 4
    NOT_ROLLED_BACK = 5
    RUN_FAILED = 125


EXIT_CODES = """\
exit codes:
  0    done; of a deploy: every service runs what was asked for, and the site answers
  2    wrong usage; nothing was changed
  3    refused, or stopped before the rollout: the site runs what it ran before
  4    the rollout failed, and the last good release is back
  5    the rollout failed, and going back failed too, or there was nothing to go back to
  125  `run` could not start its task; else it exits with the task's own code
"""


class Problem(Exception):
    """What did not work, why as far as it is known, and what to do about it; one sentence each."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(what)
        self.lines = {"error": what, "why": why, "do": remedy}

    @property
    def why(self) -> str:
        """The reason."""
        return self.lines["why"]


def report(problem: Problem) -> None:
    """Write a problem to standard error, in three lines."""
    for label, text in problem.lines.items():
        print(f"{label + ':':<7}{' '.join(text.split())}", file=sys.stderr, flush=True)


def say(text: str) -> None:
    """Write a line to standard output at once, also into a pipe."""
    print(text, flush=True)


class Screen:
    """Shows the steps of a deploy and how long each took."""

    def __init__(self) -> None:
        self.live = sys.stdout.isatty()
        self.lines: dict[str, str] = {}
        self.times: list[tuple[str, float]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show a banner, and at the end the time that the step took."""
        say(f"== {name}")
        begin = time.monotonic()
        try:
            yield
        finally:
            self.lines = {}
            self.times.append((name, time.monotonic() - begin))
            say(f"   {name}: {self.times[-1][1]:.1f} s")

    def summary(self) -> str:
        """Return how long each step took, in one line."""
        total = sum(seconds for _, seconds in self.times)
        return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.times) + f"; {total:.1f} s in all"

    def show(self, lines: dict[str, str]) -> None:
        """Show a line for each service: in place on a terminal, else only those that changed."""
        if self.live and self.lines:
            sys.stdout.write(f"\x1b[{len(self.lines)}A")
        for name, line in sorted(lines.items()):
            if self.live or self.lines.get(name) != line:
                say(("\x1b[2K" if self.live else "") + f"   {name:<12} {line}")
        self.lines = lines
