"""Runs a job: takes its lease, keeps it while the job works, records how it went."""

import logging
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection

from . import history, stopping
from .history import Outcome
from .keeper import Keeper
from .lease import Lease
from .limits import Limits
from .models import Run
from .registry import Job
from .work import Work

logger = logging.getLogger(__name__)

# Seconds between two looks at the limits, and between two tries while the database is away.
PAUSE = 0.25


def run(
    job: Job,
    parameters: Mapping[str, Any],
    *,
    trigger: Run.Trigger,
    scheduled: datetime | None = None,
) -> Run:
    """Run a job until it ends, or until there is a reason not to wait for it any longer.

    Args:
        job: what to run.
        parameters: what `registry.arguments` returned.
        trigger: who asked for it.
        scheduled: the due time, when there is one; no due time gets a second run.

    Returns:
        The row of the run; its state tells how it ended.

    Raises:
        HeldError: the job runs already.
        AlreadyRanError: it has run for this due time.
        EndingError: this process is about to end.
    """
    with stopping.running():
        return _run(job, parameters, trigger, scheduled)


def _run(
    job: Job, parameters: Mapping[str, Any], trigger: Run.Trigger, scheduled: datetime | None
) -> Run:
    record, lease = history.begin(job, parameters, trigger, scheduled)
    logger.info("%s: run %s started", job.name, record.pk)
    work = Work(job, lease, parameters)
    outcome = _accompany(work, job, lease)
    record.output = work.output.text()
    try:
        _record(record, lease, outcome, keep_lease=work.abandoned)
    finally:
        work.recorded()
    logger.log(
        logging.INFO if record.state == Run.State.SUCCEEDED else logging.ERROR,
        "%s: run %s %s",
        job.name,
        record.pk,
        record.get_state_display().lower(),
    )
    return record


def _accompany(work: Work, job: Job, lease: Lease) -> Outcome:
    """Keep the lease until the job ends or exceeds a limit."""
    keeper = Keeper(lease, job.lease)
    limits = Limits(job, lease)
    while not work.wait(PAUSE):
        keeper.renew_in_time()
        reason = limits.exceeded()
        if reason and work.abandon(reason.error):
            return reason
    return work.outcome


def _record(record: Run, lease: Lease, outcome: Outcome, *, keep_lease: bool) -> None:
    """Write how it ended; while the database is away, try again until the lease has run out."""
    while True:
        try:
            history.end(record, lease, outcome, keep_lease=keep_lease)
            break
        except DatabaseError as error:
            connection.close()
            if lease.remaining() <= 0:
                logger.error("run %s could not be recorded: %s", record.pk, error)
                # What the next run will write about this one.
                record.state = Run.State.INTERRUPTED
                return
        time.sleep(PAUSE)
    try:
        history.prune()
    except DatabaseError as error:
        logger.warning("old runs are not removed yet: %s", error)
