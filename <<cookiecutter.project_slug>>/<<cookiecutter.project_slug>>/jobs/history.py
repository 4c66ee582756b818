"""The rows of the runs: written when a run begins and ends, removed when they are old."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from .lease import HeldError, Lease, take
from .models import LeaseRecord, Run
from .output import tail
from .registry import Job

logger = logging.getLogger(__name__)


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
            lease, before = take(job)
            _close_orphans(before)
            run.token = lease.token
            run.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyRanError(f"{job.name} already ran for {scheduled}") from error
    except HeldError as error:
        if scheduled:
            note_skipped(job.name, scheduled, f"{error}.")
        raise
    return run, lease


def _close_orphans(before: LeaseRecord) -> None:
    """Record what nobody else can any longer: whoever ran this job before is gone."""
    for run in Run.objects.filter(job=before.job, state=Run.State.RUNNING):
        # When exactly it died nobody knows; it had the right to run until then.
        run.ended = max(before.expires, run.started)
        run.duration = run.ended - run.started
        run.state = Run.State.INTERRUPTED
        run.error = "The runner died, or was cut off, and its lease ran out."
        run.save()


def note_skipped(job: str, scheduled: datetime, reason: str) -> None:
    """Write that a due time passed without a run, unless there is a row for it."""
    now = timezone.now()
    skipped = Run(
        job=job,
        trigger=Run.Trigger.SCHEDULE,
        scheduled=scheduled,
        started=now,
        ended=now,
        state=Run.State.SKIPPED,
        error=reason,
        replica=settings.REPLICA,
        release=settings.RELEASE,
    )
    Run.objects.bulk_create([skipped], ignore_conflicts=True)


def end(run: Run, lease: Lease, outcome: Outcome, *, keep_lease: bool) -> None:
    """Write how a run ended, unless it has lost its lease: then another one may have run since.

    Args:
        run: the row, which is brought up to date.
        lease: the lease of the run.
        outcome: what to write.
        keep_lease: leave the lease to run out, because the job has not stopped yet.
    """
    run.ended = timezone.now()
    run.duration = run.ended - run.started
    with transaction.atomic():
        # First, since it locks the lease until the commit.
        held = lease.renew() if keep_lease else lease.give_back()
        if not held:
            outcome = Outcome(Run.State.INTERRUPTED, error=_lost(outcome))
        run.state, run.result, run.error = outcome.state, tail(outcome.result), tail(outcome.error)
        mine = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING)
        mine.update(
            state=run.state,
            result=run.result,
            error=run.error,
            output=run.output,
            ended=run.ended,
            duration=run.duration,
        )
        _prune(run.job)


def _lost(outcome: Outcome) -> str:
    said = outcome.error or outcome.result
    return f"It lost its lease before it could record that it was {outcome.state.label}. {said}".strip()


def _prune(job: str) -> None:
    oldest = timezone.now() - timedelta(days=settings.JOBS_KEEP_DAYS)
    Run.objects.filter(job=job, started__lt=oldest).exclude(state=Run.State.RUNNING).delete()
