"""The state of all dependencies, as the health check and the home page show it."""

import threading
import time
from dataclasses import dataclass

from . import probes
from .check import Check, State

# Seconds. A health check that takes longer than two is as good as none.
DEADLINE = 1.5
# Seconds for which a report is used again, so that nobody can hammer the database through it.
REUSE = 1.0


# Without `eq` each report is one of its own, so that what was made from it can be kept by it.
@dataclass(frozen=True, eq=False)
class Report:
    """What each dependency answered."""

    checks: dict[str, State]

    @property
    def status(self) -> State:
        """`ok` only when every dependency is."""
        return "ok" if set(self.checks.values()) == {"ok"} else "unavailable"


class Reporter:
    """Asks all dependencies at once, and at most once in `REUSE` seconds."""

    def __init__(self, *checks: Check) -> None:
        """Take the checks; nothing is asked before the first report."""
        self._checks = checks
        self._lock = threading.Lock()
        self._report = Report({})
        self._expires = 0.0

    def report(self) -> Report:
        """Return the current report, within `DEADLINE` seconds whatever hangs."""
        with self._lock:
            if time.monotonic() >= self._expires:
                self._report = self._ask()
                self._expires = time.monotonic() + REUSE
            return self._report

    def forget(self) -> None:
        """Ask again at the next report, however fresh the last one is."""
        self._expires = 0.0

    def _ask(self) -> Report:
        deadline = time.monotonic() + DEADLINE
        # All questions first: the dependencies answer at the same time.
        answers = [(check, check.ask()) for check in self._checks]
        return Report(
            {
                check.name: check.state(answer, timeout=max(0, deadline - time.monotonic()))
                for check, answer in answers
            }
        )


reporter = Reporter(Check("database", probes.database), Check("cache", probes.cache_backend))
