"""A job at work, in a thread of its own: whoever started it can stop waiting for it.

A thread cannot be killed. One that hangs for ever ends with its process; until then it holds
nothing but memory, because its lease runs out.
"""

import contextvars
import logging
import threading
import traceback
from collections.abc import Mapping
from typing import Any

from django.db import DatabaseError, connections

from .history import Outcome
from .lease import Lease, LeaseLostError
from .models import Run
from .output import Tail, captured
from .registry import Job

logger = logging.getLogger(__name__)


class Work:
    """One call of a job's function."""

    def __init__(self, job: Job, lease: Lease, parameters: Mapping[str, Any]) -> None:
        """Start the thread."""
        self.output = Tail()
        self.outcome = Outcome(Run.State.INTERRUPTED)
        self.abandoned = False
        self._job = job
        self._lease = lease
        self._parameters = parameters
        self._done = threading.Event()
        self._recorded = threading.Event()
        self._lock = threading.Lock()
        # The lines that the job logs carry the id of the request.
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._run,), name=f"job {job.name}", daemon=True
        ).start()

    def wait(self, seconds: float) -> bool:
        """Wait for the end of the job; tell whether it has come."""
        return self._done.wait(seconds)

    def abandon(self, reason: str) -> bool:
        """Stop waiting, and let the job's next `check` stop it; tell whether it still works."""
        with self._lock:
            self.abandoned = not self._done.is_set()
        if self.abandoned:
            self._lease.lose(reason)
        return self.abandoned

    def recorded(self) -> None:
        """Tell that the history knows how it ended: a job that stops only now may free its lease."""
        self._recorded.set()

    def _run(self) -> None:
        with captured(self.output):
            self.outcome = self._call()
        with self._lock:
            self._done.set()
        if self.abandoned:
            logger.info("%s has stopped, after nobody waited for it any longer", self._job.name)
            self._give_back()
        # Those of this thread: nobody else would close them.
        connections.close_all()

    def _call(self) -> Outcome:
        try:
            result = self._job.function(self._lease, **self._parameters)
        except LeaseLostError as error:
            return Outcome(Run.State.INTERRUPTED, error=f"Stopped: {error}.")
        # SystemExit as well: in a thread it ends nothing, and whoever waits would wait in vain.
        except BaseException:
            logger.exception("%s failed", self._job.name)
            return Outcome(Run.State.FAILED, error=traceback.format_exc())
        return Outcome(Run.State.SUCCEEDED, result=result or "")

    def _give_back(self) -> None:
        """The next run need not wait for the lease to run out."""
        self._recorded.wait()
        try:
            self._lease.give_back()
        except DatabaseError as error:
            logger.warning("the lease of %s runs out by itself: %s", self._job.name, error)
