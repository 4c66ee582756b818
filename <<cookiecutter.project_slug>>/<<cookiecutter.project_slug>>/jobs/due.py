"""When a crontab expression is due.

cronsim follows Debian's cron, also when the clock changes: a job at a fixed time that does not
exist on that day runs right after the gap, one whose time comes twice runs the first time only.
A job with a star as hour or minute follows the time that passes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from cronsim import CronSim, CronSimError
from django.utils import timezone

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
