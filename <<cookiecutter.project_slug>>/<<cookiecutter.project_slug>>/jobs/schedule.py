"""What the scheduler leaves in the database: for the app, and for its own next start."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from .crontab import Line
from .models import CrontabLine, Run


def publish(lines: list[Line]) -> None:
    """Store the crontab's lines, and forget those that are gone."""
    wanted = {(line.job.name, line.expression) for line in lines}
    with transaction.atomic():
        for row in CrontabLine.objects.all():
            if (row.job, row.expression) not in wanted:
                row.delete()
        CrontabLine.objects.bulk_create(
            [CrontabLine(job=job, expression=expression) for job, expression in sorted(wanted)],
            ignore_conflicts=True,
        )


def handled(line: Line) -> datetime:
    """Return the moment up to which the due times of a published line have been dealt with."""
    since = CrontabLine.objects.get(job=line.job.name, expression=line.expression).since
    last: datetime | None = Run.objects.filter(job=line.job.name).aggregate(Max("scheduled"))[
        "scheduled__max"
    ]
    return max(since, last) if last else since
