"""What the database remembers of the jobs: how each run began and ended, which due times were skipped.

The rows are written here, removed here when they are old, and summed up for monitors and the admin.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from .calendar import LATE, due_times
from .lease import HeldError, Lease, take
from .models import CrontabLine, LeaseRecord, Run
from .registry import Job, jobs

# The clocks of a swarm differ by less: a time further ahead comes from a clock that is wrong.
AHEAD = timedelta(minutes=1)
# A row that is so much younger than those written after it comes from such a clock as well.
WRONG = timedelta(days=1)
# Old rows that go when a run ends: more than are written, but a clock that is ahead for a moment must
# not cost the whole history.
REMOVED_AT_ONCE = 10
# Of a result, an error or an output: the end says why.
CHARACTERS = 10_000


class AlreadyRanError(Exception):
    """There is a run for this due time."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    state: Run.State
    result: str = ""
    error: str = ""


def begin(
    job: Job, parameters: Mapping[str, Any], trigger: Run.Trigger, scheduled: datetime | None
) -> tuple[Run, Lease]:
    """Take the lease and write the row of a new run, both or neither.

    Raises:
        HeldError: the job runs already; for a due time, a row says that this run was skipped.
        AlreadyRanError: there is a row for this due time.
    """
    run = Run(
        job=job.name,
        trigger=trigger,
        parameters=dict(parameters),
        scheduled=scheduled,
        state=Run.State.RUNNING,
        replica=settings.REPLICA,
        release=settings.RELEASE,
    )
    try:
        with transaction.atomic():
            if scheduled:
                _release(job.name, run.parameters, scheduled)
            lease, before = take(job)
            _close_orphans(before)
            run.token = lease.token
            run.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyRanError(f"{job.name} already ran for {scheduled}") from error
    except HeldError as error:
        if scheduled:
            note_skipped(job.name, run.parameters, scheduled, f"{error}.")
        raise
    return run, lease


def _release(job: str, parameters: Mapping[str, Any], scheduled: datetime) -> None:
    """Take a due time from a row that a clock has written which was far ahead.

    What was written after it is older by far, so that clock has been put back since.
    """
    for run in Run.objects.filter(job=job, parameters=parameters, scheduled=scheduled):
        if Run.objects.filter(pk__gt=run.pk, started__lt=run.started - WRONG).exists():
            run.scheduled = None
            run.save(update_fields=["scheduled"])


def _close_orphans(before: LeaseRecord) -> None:
    """Record what nobody else can any longer: whoever ran this job before is gone."""
    for run in Run.objects.filter(job=before.job, state=Run.State.RUNNING):
        # When exactly it died nobody knows; it had the right to run until then.
        run.ended = max(min(before.expires, timezone.now()), run.started)
        run.duration = run.ended - run.started
        run.state = Run.State.INTERRUPTED
        run.error = "The runner died, or was cut off, and its lease ran out."
        run.save()


def end(run: Run, lease: Lease, outcome: Outcome, *, keep_lease: bool) -> None:
    """Write how a run ended, unless it has lost its lease: then another one may have run since.

    Args:
        run: the row, which is brought up to date.
        lease: the lease of the run.
        outcome: what to write.
        keep_lease: leave the lease to run out, because the job has not stopped yet.
    """
    run.ended = timezone.now()
    run.duration = max(timedelta(0), run.ended - run.started)
    with transaction.atomic():
        # First, since it locks the lease until the commit.
        held = lease.renew() if keep_lease else lease.give_back()
        if not held:
            outcome = Outcome(Run.State.INTERRUPTED, error=_lost(outcome))
        run.state = outcome.state
        run.result, run.error, run.output = map(tail, (outcome.result, outcome.error, run.output))
        mine = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING)
        mine.update(
            state=run.state,
            result=run.result,
            error=run.error,
            output=run.output,
            ended=run.ended,
            duration=run.duration,
        )


def _lost(outcome: Outcome) -> str:
    said = outcome.error or outcome.result
    return f"It lost its lease before it could record that it was {outcome.state.label}. {said}".strip()


def tail(text: str) -> str:
    """Return the end of a text, without what PostgreSQL does not store: NUL, and lone surrogates."""
    return text[-CHARACTERS:].replace("\0", "").encode(errors="replace").decode()


def note_skipped(job: str, parameters: Mapping[str, Any], scheduled: datetime, reason: str) -> None:
    """Write that a due time passed without a run, unless there is a row for it."""
    now = timezone.now()
    skipped = Run(
        job=job,
        trigger=Run.Trigger.SCHEDULE,
        parameters=dict(parameters),
        scheduled=scheduled,
        started=now,
        ended=now,
        state=Run.State.SKIPPED,
        error=reason,
        replica=settings.REPLICA,
        release=settings.RELEASE,
    )
    Run.objects.bulk_create([skipped], ignore_conflicts=True)
    prune()


def prune() -> None:
    """Remove old runs, also of jobs that are gone; a job that is there closes its own first."""
    oldest = timezone.now() - timedelta(days=settings.JOBS_KEEP_DAYS)
    old = Run.objects.filter(started__lt=oldest).order_by("started")
    old = old.exclude(state=Run.State.RUNNING, job__in=list(jobs))
    Run.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:REMOVED_AT_ONCE])).delete()


@dataclass(frozen=True)
class JobState:
    """A job at a glance: how it went last, when it is due, whether it is late."""

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
    """Whether a due time has passed since the last run began, and long enough ago for its run."""
    if last and last.state == Run.State.RUNNING:
        return False
    since = max(line.since, last.started) if last else line.since
    return any(due <= now - LATE - AHEAD for due in _first(line, since))


def _first(line: CrontabLine, after: datetime) -> Iterable[datetime]:
    """Return the first due time as a list, empty when there is none."""
    first = next(due_times(line.expression, after), None)
    return [first] if first else []
