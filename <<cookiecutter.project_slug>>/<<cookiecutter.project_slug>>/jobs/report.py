"""The text of the daily report: users, runs and failures of the last day."""

from collections import Counter
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from .models import Run

DAY = timedelta(days=1)
# So many failures are listed; the history has the others.
FAILURES = 20


def report(now: datetime) -> str:
    """Return what happened in the 24 hours before `now`."""
    since = now - DAY
    return "\n\n".join(
        [f"Since {timezone.localtime(since):%Y-%m-%d %H:%M}", _users(since), _runs(since)]
    )


def _users(since: datetime) -> str:
    users = get_user_model().objects
    new = users.filter(date_joined__gte=since).count()
    signed_in = users.filter(last_login__gte=since).count()
    return f"Users: {users.count()}, {new} new, {signed_in} signed in"


def _runs(since: datetime) -> str:
    runs = Run.objects.filter(started__gte=since)
    counts = Counter(runs.values_list("job", "state"))
    lines = [
        f"  {job}: {count} {Run.State(state).label.lower()}"
        for (job, state), count in sorted(counts.items())
    ]
    failures = runs.filter(state__in=(Run.State.FAILED, Run.State.TIMED_OUT, Run.State.INTERRUPTED))
    for run in failures[:FAILURES]:
        when = timezone.localtime(run.started)
        lines.append(
            f"  run {run.pk} of {run.job} at {when:%H:%M} {run.get_state_display().lower()}"
        )
        lines.append(f"    {run.error.strip().splitlines()[-1]}")
    return "\n".join(["Runs:", *(lines or ["  none"])])
