"""When a job is due: the lines of the crontab, their due times, and which of these have come.

cronsim follows Debian's cron, also when the clock changes: a job at a fixed time that does not
exist on that day runs right after the gap, one whose time comes twice runs the first time only.
A job with a star as hour or minute follows the time that passes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from cronsim import CronSim, CronSimError
from django.utils import timezone

from .registry import Job, arguments_from_text, jobs

# What cron understands beside the five fields; @reboot has no meaning in a swarm.
NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# Written after the job: a due time that passed without a run is made up for, however late.
CATCH_UP = "--catch-up"
# A due time that is so old is missed: the job waits for the next one, unless its line says --catch-up.
LATE = timedelta(minutes=5)
# A longer absence is not gone through minute by minute.
LOOK_BACK = timedelta(days=31)
# The database keeps due times apart by an index, which takes no long texts.
LONGEST_LINE = 500


def due_times(expression: str, after: datetime, zone: tzinfo | None = None) -> Iterator[datetime]:
    """Return the due times after a moment, in UTC; the last comes 50 years before none does.

    Args:
        expression: five fields, or one of `NAMES`.
        after: the moment, with its time zone.
        zone: whose clock the expression is about; the project's when left out.

    Raises:
        ValueError: tells what is wrong with the expression.
    """
    fields = NAMES.get(expression, expression)
    if len(fields.split()) != 5:
        raise ValueError(f"{expression!r} is neither five fields nor one of {', '.join(NAMES)}")
    local = after.astimezone(zone or timezone.get_default_timezone())
    try:
        return _ascending(CronSim(fields, local), after)
    except CronSimError as error:
        raise ValueError(f"{expression!r}: {error}".lower()) from error


def _ascending(found: Iterator[datetime], after: datetime) -> Iterator[datetime]:
    """Around a clock change cronsim may repeat a moment, or begin before `after`."""
    last = after
    for local in found:
        moment = local.astimezone(UTC)
        if moment > last:
            yield moment
            last = moment


@dataclass(frozen=True)
class Line:
    """A line of the crontab: when which job is due."""

    number: int
    expression: str
    job: Job
    parameters: Mapping[str, Any]
    catch_up: bool

    def due_times(self, after: datetime) -> Iterator[datetime]:
        """Return the due times after a moment, in UTC."""
        return due_times(self.expression, after)

    def missed_at(self, due: datetime, following: datetime | None) -> datetime:
        """Return when a due time is missed: when the next one comes, or when it is too late."""
        ends = [following or datetime.max.replace(tzinfo=UTC)]
        if not self.catch_up:
            ends.append(due + LATE)
        return min(ends)

    def says_the_same_as(self, other: "Line") -> bool:
        """Tell whether both are due at the same times and ask for the same."""
        return (self.expression, self.job, self.parameters) == (
            other.expression,
            other.job,
            other.parameters,
        )


class CrontabError(Exception):
    """Every wrong line, each with its number and what is wrong with it."""


def read(path: Path) -> list[Line]:
    """Return the lines of the crontab at `path`.

    Raises:
        CrontabError: the file cannot be read, or at least one line is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CrontabError(f"{path}: {error}") from error
    return parse(text, name=str(path))


def parse(text: str, *, name: str = "crontab") -> list[Line]:
    """Return the lines of a crontab: `minute hour day month weekday job [--catch-up] [name=value ...]`.

    `name` is what errors call it.

    Raises:
        CrontabError: at least one line is wrong.
    """
    lines: list[Line] = []
    problems: list[str] = []
    for number, source in enumerate(text.splitlines(), start=1):
        if not source.strip() or source.lstrip().startswith("#"):
            continue
        try:
            line = _line(number, source.split())
            for other in lines:
                if line.says_the_same_as(other):
                    raise ValueError(f"says the same as line {other.number}")
            lines.append(line)
        except ValueError as error:
            problems.append(f"{name}, line {number}: {error}")
    if problems:
        raise CrontabError("\n".join(problems))
    return lines


def _line(number: int, words: list[str]) -> Line:
    if sum(map(len, words)) > LONGEST_LINE:
        raise ValueError(f"it is longer than {LONGEST_LINE} characters")
    fields = 1 if words[0].startswith("@") else 5
    expression, rest = " ".join(words[:fields]), words[fields:]
    # Asking for one due time is how a mistake shows; there may be none at all.
    if next(due_times(expression, timezone.now()), None) is None:
        raise ValueError(f"{expression!r} is never due")
    if not rest:
        raise ValueError("no job after the time")
    name, *options = rest
    if name not in jobs:
        raise ValueError(f"there is no job {name!r}, only {', '.join(sorted(jobs))}")
    parameters = arguments_from_text(jobs[name], [word for word in options if word != CATCH_UP])
    return Line(number, expression, jobs[name], parameters, CATCH_UP in options)


class Plan:
    """Hands out each due time of a line once.

    Nothing adds up over time: due times come from the calendar, never from sleeping for so long.
    """

    next: datetime | None
    _times: Iterator[datetime]
    _looked: datetime

    def __init__(self, line: Line, handled: datetime, now: datetime) -> None:
        """Begin with the first due time after `handled`."""
        self.line = line
        self._start(max(handled, now - LOOK_BACK), now)

    def look(self, now: datetime) -> list[datetime]:
        """Return the due times that have come, oldest first."""
        if now < self._looked:
            # The clock was put back. What comes again has its run already: it gets no second one.
            self._start(now, now)
        if now - self._looked > LOOK_BACK:
            self._start(now - LOOK_BACK, now)
        self._looked = now
        come = []
        while self.next is not None and self.next <= now:
            come.append(self.next)
            self.next = next(self._times, None)
        return come

    def _start(self, after: datetime, now: datetime) -> None:
        self._times = self.line.due_times(after)
        self.next = next(self._times, None)
        self._looked = now
