"""What the scheduler leaves in the database: for the app, and for its own next start."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from .crontab import Line
from .models import CrontabLine, Run


def publish(lines: list[Line], now: datetime) -> None:
    """Store the crontab's lines, and forget those that are gone."""
    with transaction.atomic():
        for row in CrontabLine.objects.defer("since"):
            if not any(_is_of(row, line) for line in lines):
                row.delete()
        # A clock that was ahead has written these.
        CrontabLine.objects.filter(since__gt=now).update(since=now)
        CrontabLine.objects.bulk_create(
            [
                CrontabLine(
                    job=line.job.name,
                    expression=line.expression,
                    parameters=line.parameters,
                    since=now,
                )
                for line in lines
            ],
            ignore_conflicts=True,
        )


def _is_of(row: CrontabLine, line: Line) -> bool:
    return (row.job, row.expression, row.parameters) == (
        line.job.name,
        line.expression,
        line.parameters,
    )


def handled(line: Line, now: datetime) -> datetime:
    """Return the moment up to which the due times of a published line have been dealt with.

    What a clock that was ahead has left, later than `now`, says nothing.
    """
    job, parameters = line.job.name, line.parameters
    since = CrontabLine.objects.get(
        job=job, expression=line.expression, parameters=parameters
    ).since
    runs = Run.objects.filter(job=job, parameters=parameters, scheduled__lte=now)
    last: datetime | None = runs.aggregate(Max("scheduled"))["scheduled__max"]
    return max(since, last) if last else since
