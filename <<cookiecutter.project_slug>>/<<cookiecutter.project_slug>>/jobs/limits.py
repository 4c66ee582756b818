"""When not to wait for a job any longer."""

import time

from django.conf import settings

from . import stopping
from .history import Outcome
from .lease import Lease, LeaseLostError
from .models import Run
from .registry import Job


class Limits:
    """The timeout of a run, its lease, and the grace period once its process is told to end."""

    def __init__(self, job: Job, lease: Lease) -> None:
        """Start the clock."""
        self._job = job
        self._lease = lease
        self._deadline = time.monotonic() + job.timeout
        self._stop_by: float | None = None

    def exceeded(self) -> Outcome | None:
        """Return how the run ends because of a limit, or None while it may go on."""
        now = time.monotonic()
        if now >= self._deadline:
            return Outcome(
                Run.State.TIMED_OUT, error=f"It took longer than {self._job.timeout:g} s."
            )
        if self._stop_by is None and stopping.requested():
            self._stop_by = now + settings.JOBS_GRACE_SECONDS
        if self._stop_by is not None and now >= self._stop_by:
            return Outcome(Run.State.INTERRUPTED, error="The process that ran it was told to end.")
        try:
            self._lease.check()
        except LeaseLostError as error:
            return Outcome(Run.State.INTERRUPTED, error=f"Stopped: {error}.")
        return None
