"""How a command ends: the exit codes, and problems told in three lines."""

from __future__ import annotations

import enum
import sys


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
