"""The last days of all jobs at a glance: a bar for each stretch of time in which one ran."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from django.db.models import Q
from django.utils import timezone

from .calendar import due_times
from .history import JobState, overview
from .models import CrontabLine, Run

# How many days can be shown, and into how many stretches each day is divided.
STRETCHES = {1: 144, 3: 48, 7: 24}

# The worst first: it is the one that a bar shows. With each, the height of the bar in percent, so
# that a state can be told without its colour.
HEIGHTS = {
    Run.State.FAILED: 100,
    Run.State.TIMED_OUT: 100,
    Run.State.INTERRUPTED: 85,
    Run.State.RUNNING: 70,
    Run.State.SKIPPED: 35,
    Run.State.SUCCEEDED: 55,
}
# A due time that is still to come.
DUE = "due"
DUE_HEIGHT = 20


@dataclass(frozen=True)
class Bar:
    """One bar, `x` stretches from the left; `title` tells what is behind it."""

    x: int
    height: int
    state: str
    title: str

    @property
    def y(self) -> int:
        """The distance from the top: bars stand on the ground."""
        return 100 - self.height


@dataclass(frozen=True)
class Row:
    """A job with its bars."""

    state: JobState
    bars: list[Bar]


class Window:
    """The days that are shown: whole days in local time, today being the last."""

    def __init__(self, days: int, now: datetime) -> None:
        """Choose so many days, one of `STRETCHES`."""
        self.now = now
        today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
        self.dates = [today - timedelta(days=ago) for ago in reversed(range(days))]
        self.start = self.dates[0]
        self.end = today + timedelta(days=1)
        self.stretches = days * STRETCHES[days]
        self._stretch = (self.end - self.start) / self.stretches
        # Where the line is drawn.
        self.now_at = round((now - self.start) / self._stretch, 2)

    def index(self, moment: datetime) -> int:
        """Return the stretch that a moment lies in, or the nearest."""
        return max(0, min(self.stretches - 1, (moment - self.start) // self._stretch))

    def hours(self, index: int) -> str:
        """Return when a stretch begins and ends."""
        begin = self.start + index * self._stretch
        return f"{begin:%a %H:%M} to {begin + self._stretch:%H:%M}"


def rows(window: Window) -> list[Row]:
    """Return the jobs, by name, with their bars."""
    runs = _runs(window)
    return [
        Row(state, [*_bars(window, runs[state.name]), *_due_bars(window, state.name)])
        for state in overview()
    ]


def _runs(window: Window) -> dict[str, dict[int, Counter[str]]]:
    """Count, by job and stretch, how many runs of which state lie in it."""
    found: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    runs = Run.objects.filter(Q(ended__gte=window.start) | Q(ended=None), started__lt=window.end)
    for job, state, due, started, ended in runs.values_list(
        "job", "state", "scheduled", "started", "ended"
    ):
        # A skipped run belongs where it was due, not where that was noted.
        skipped = state == Run.State.SKIPPED
        first = window.index(due if skipped and due else started)
        last = first if skipped else window.index(ended or window.now)
        for index in range(first, last + 1):
            found[job][index][state] += 1
    return found


def _bars(window: Window, runs: dict[int, Counter[str]]) -> Iterator[Bar]:
    for index, counts in sorted(runs.items()):
        worst = next(state for state in HEIGHTS if counts[state])
        told = ", ".join(
            f"{counts[state]} {state.label.lower()}" for state in HEIGHTS if counts[state]
        )
        yield Bar(index, HEIGHTS[worst], worst, f"{window.hours(index)}: {told}")


def _due_bars(window: Window, job: str) -> Iterator[Bar]:
    """The due times of today that are still to come."""
    for line in CrontabLine.objects.filter(job=job):
        coming = takewhile(lambda due: due < window.end, due_times(line.expression, window.now))
        for index in sorted({window.index(due) for due in coming}):
            yield Bar(index, DUE_HEIGHT, DUE, f"{window.hours(index)}: due")
