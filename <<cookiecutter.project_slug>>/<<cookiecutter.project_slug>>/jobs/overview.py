"""Each job at a glance: how it went last, when it is due, whether it is late."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from .due import due_times
from .history import AHEAD
from .models import CrontabLine, Run
from .registry import jobs
from .scheduler import LATE

# A due time in the last minutes may still get its run; those before it must have had one.
TOLERANCE = LATE + timedelta(minutes=1)


@dataclass(frozen=True)
class JobState:
    """What is known about a job."""

    name: str
    last_run: Run | None
    next_due: datetime | None
    overdue: bool


def overview() -> list[JobState]:
    """Return the state of every job, by name."""
    now = timezone.now()
    lines = list(CrontabLine.objects.all())
    return [
        _state(name, [line for line in lines if line.job == name], now) for name in sorted(jobs)
    ]


def _state(name: str, lines: list[CrontabLine], now: datetime) -> JobState:
    # Runs of a clock that was ahead would hide all others until their time has come.
    runs = Run.objects.filter(job=name, started__lte=now + AHEAD)
    last = runs.exclude(state=Run.State.SKIPPED).first()
    upcoming = [due for line in lines for due in _first(line, now)]
    return JobState(
        name=name,
        last_run=last,
        next_due=min(upcoming, default=None),
        overdue=any(_is_late(line, last, now) for line in lines),
    )


def _is_late(line: CrontabLine, last: Run | None, now: datetime) -> bool:
    """Whether a due time has passed since the last run began, and long enough ago."""
    if last and last.state == Run.State.RUNNING:
        return False
    since = max(line.since, last.started) if last else line.since
    return any(due <= now - TOLERANCE for due in _first(line, since))


def _first(line: CrontabLine, after: datetime) -> Iterable[datetime]:
    """Return the first due time as a list, empty when there is none."""
    first = next(due_times(line.expression, after), None)
    return [first] if first else []
