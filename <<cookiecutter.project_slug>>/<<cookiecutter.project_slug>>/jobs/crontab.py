"""Reads a crontab: `minute hour day month weekday job [--catch-up] [name=value ...]`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from .due import due_times
from .registry import Job, arguments_from_text, jobs

# All lines of a job are kept apart by an index of the database, which takes no long texts.
LONGEST = 500

# Written after the job: a due time that passed without a run is made up for, however late.
CATCH_UP = "--catch-up"


class CrontabError(Exception):
    """Every wrong line, each with its number and what is wrong with it."""


@dataclass(frozen=True)
class Line:
    """When which job is due."""

    number: int
    expression: str
    job: Job
    parameters: Mapping[str, Any]
    catch_up: bool

    def due_times(self, after: datetime) -> Iterator[datetime]:
        """Return the due times after a moment, in UTC."""
        return due_times(self.expression, after)

    def says_the_same_as(self, other: "Line") -> bool:
        """Tell whether both are due at the same times and ask for the same."""
        return (self.expression, self.job, self.parameters) == (
            other.expression,
            other.job,
            other.parameters,
        )


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
    """Return the lines of a crontab; `name` is what errors call it.

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
    if sum(map(len, words)) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
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
