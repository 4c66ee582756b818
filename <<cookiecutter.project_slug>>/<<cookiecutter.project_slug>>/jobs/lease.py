"""The right to run a job: one holder at a time, and free by itself when the holder is gone.

The database's clock alone decides until when a lease is valid. A holder that may have been paused
or cut off asks `check` before its next step, or takes the step inside of `step`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from .models import LeaseRecord
from .registry import Job

# Goes on while the machine sleeps, as the database's clock does; not every system has it.
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class HeldError(Exception):
    """Another run holds the lease."""

    def __init__(self, job: str, age: timedelta) -> None:
        super().__init__(f"{job} is already running, for {age.total_seconds():.0f} s")
        self.age = age


class LeaseLostError(Exception):
    """This run has no right to go on."""


class Lease:
    """The lease of one run."""

    def __init__(self, job: Job, token: int, asked: float) -> None:
        """Use `take` instead."""
        self.job = job.name
        self.token = token
        self._seconds = job.lease
        self._valid_until = asked + job.lease
        self._lost = ""

    def check(self) -> None:
        """Return while this run may go on. It asks no database: call it as often as you like.

        Raises:
            LeaseLostError: the lease ran out, or nobody waits for this run any longer.
        """
        if self._lost:
            raise LeaseLostError(self._lost)
        if self.remaining() <= 0:
            raise LeaseLostError("the lease ran out before it was renewed")

    @contextmanager
    def step(self) -> Iterator[None]:
        """Commit what happens inside in one transaction, or nothing when the lease is lost.

        Raises:
            LeaseLostError: the lease is lost; the database has undone the step.
        """
        with transaction.atomic():
            yield
            self.check()
            # Locks the lease until the commit: nobody can take it between this and that.
            if not self.renew():
                raise LeaseLostError("another run holds the lease now")

    def remaining(self) -> float:
        """Return for how many seconds the lease is valid at least."""
        return self._valid_until - time.clock_gettime(CLOCK)

    def renew(self) -> bool:
        """Make it valid for its full time again; tell whether it was still ours."""
        # Before the question: the answer may take its time, and the database counts from the start.
        asked = time.clock_gettime(CLOCK)
        if self._update(Now() + timedelta(seconds=self._seconds)):
            self._valid_until = asked + self._seconds
            return True
        self.lose("the lease ran out, or another run holds it now")
        return False

    def give_back(self) -> bool:
        """Free it for the next run; tell whether it was still ours."""
        return self._update(Now())

    def lose(self, reason: str) -> None:
        """Let `check` stop the run."""
        self._lost = self._lost or reason

    def _update(self, expires: object) -> bool:
        valid = LeaseRecord.objects.filter(job=self.job, token=self.token, expires__gt=Now())
        return valid.update(expires=expires) == 1


def take(job: Job) -> tuple[Lease, LeaseRecord]:
    """Take the lease of a job.

    Returns:
        The lease, and the row as the holder before left it.

    Raises:
        HeldError: somebody holds it.
    """
    now = timezone.now()
    LeaseRecord.objects.bulk_create(
        [LeaseRecord(job=job.name, taken=now, expires=now - timedelta(days=1))],
        ignore_conflicts=True,
    )
    before = LeaseRecord.objects.get(job=job.name)
    asked = time.clock_gettime(CLOCK)
    full_time = Now() + timedelta(seconds=job.lease)
    # Or left in the future, before the database's clock was put back; a holder would have renewed it.
    free = Q(expires__lte=Now()) | Q(taken__gt=Now(), expires__gt=full_time)
    # The one atomic statement: whoever changes the token first has the lease, all others change nothing.
    taken = LeaseRecord.objects.filter(free, job=job.name, token=before.token).update(
        token=F("token") + 1, taken=Now(), expires=full_time
    )
    if not taken:
        raise HeldError(job.name, _age(job))
    return Lease(job, before.token + 1, asked), before


def _age(job: Job) -> timedelta:
    """For how long the lease has been held, by the database's clock."""
    record = LeaseRecord.objects.annotate(now=Now()).get(job=job.name)
    return record.now - record.taken
