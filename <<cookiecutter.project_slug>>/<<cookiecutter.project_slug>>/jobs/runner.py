"""Runs a job: takes its lease, keeps it while the job works, records how it went.

The job works in a thread of its own, so that whoever started it can stop waiting. A thread cannot be
killed: one that hangs ends with its process; until then it holds nothing but memory, because its
lease runs out.
"""

import contextvars
import logging
import math
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, connections

from . import history
from .history import Outcome
from .lease import Lease, LeaseLostError
from .models import Run
from .registry import Job

logger = logging.getLogger(__name__)

# Seconds between two looks at the limits, and between two tries while the database is away.
PAUSE = 0.25
# The last lines that a job logs are kept; the whole log is where all logs are.
LINES = 200


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
    with _process_kept():
        record, lease = history.begin(job, parameters, trigger, scheduled)
        logger.info("%s: run %s started", job.name, record.pk)
        work = Work(job, lease, parameters)
        outcome = _accompany(work, job, lease)
        record.output = work.output.text()
        try:
            _record(record, lease, outcome, keep_lease=work.abandoned)
        finally:
            work.recorded.set()
    level = logging.INFO if record.state == Run.State.SUCCEEDED else logging.ERROR
    state = record.get_state_display().lower()
    logger.log(level, "%s: run %s %s", job.name, record.pk, state)
    return record


def _accompany(work: "Work", job: Job, lease: Lease) -> Outcome:
    """Keep the lease until the job ends or exceeds a limit."""
    started = time.monotonic()
    # Often enough that two renewals may fail.
    renew_at = started + job.lease / 3
    stop_by = math.inf
    while not work.ended.wait(PAUSE):
        now = time.monotonic()
        if now >= renew_at and _renew(lease):
            renew_at = now + job.lease / 3
        if stop_by == math.inf and told_to_end():
            stop_by = now + settings.JOBS_GRACE_SECONDS
        reason = _reason_to_stop(job, lease, now - started, now >= stop_by)
        if reason and work.abandon(reason.error):
            return reason
    return work.outcome


def _reason_to_stop(job: Job, lease: Lease, seconds: float, grace_is_over: bool) -> Outcome | None:
    if seconds >= job.timeout:
        return Outcome(Run.State.TIMED_OUT, error=f"It took longer than {job.timeout:g} s.")
    if grace_is_over:
        return Outcome(Run.State.INTERRUPTED, error="The process that ran it was told to end.")
    try:
        lease.check()
    except LeaseLostError as error:
        return _stopped(error)
    return None


def _stopped(error: LeaseLostError) -> Outcome:
    return Outcome(Run.State.INTERRUPTED, error=f"Stopped: {error}.")


def _renew(lease: Lease) -> bool:
    """Renew the lease; tell whether the database has answered."""
    try:
        lease.renew()
    except DatabaseError as error:
        logger.warning("the lease of %s is not renewed yet: %s", lease.job, error)
        # A broken connection does not heal; the next query opens a new one.
        connection.close()
        return False
    return True


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


class Work:
    """A job's function at work, in its thread."""

    def __init__(self, job: Job, lease: Lease, parameters: Mapping[str, Any]) -> None:
        self.output = Output()
        self.outcome = Outcome(Run.State.INTERRUPTED)
        self.ended = threading.Event()
        # Nobody waits for it any longer.
        self.abandoned = False
        # The history knows how it ended: a job that stops only now may free its lease.
        self.recorded = threading.Event()
        self._job, self._lease, self._parameters = job, lease, parameters
        self._lock = threading.Lock()
        # The lines that the job logs carry the id of the request.
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(self._run,), name=f"job {job.name}", daemon=True
        ).start()

    def abandon(self, reason: str) -> bool:
        """Let the job's next `check` stop it, unless it has ended; tell whether it still works."""
        with self._lock:
            self.abandoned = not self.ended.is_set()
        if self.abandoned:
            self._lease.lose(reason)
        return self.abandoned

    def _run(self) -> None:
        with self.output.captured():
            self.outcome = self._call()
        with self._lock:
            self.ended.set()
        if self.abandoned:
            logger.info("%s has stopped, after nobody waited for it any longer", self._job.name)
            self._give_back()
        # Those of this thread: nobody else would close them.
        connections.close_all()

    def _call(self) -> Outcome:
        try:
            result = self._job.function(self._lease, **self._parameters)
        except LeaseLostError as error:
            return _stopped(error)
        # SystemExit as well: in a thread it ends nothing, and whoever waits would wait in vain.
        except BaseException:
            logger.exception("%s failed", self._job.name)
            return Outcome(Run.State.FAILED, error=traceback.format_exc())
        return Outcome(Run.State.SUCCEEDED, result=result or "")

    def _give_back(self) -> None:
        """The next run need not wait for the lease to run out."""
        self.recorded.wait()
        try:
            self._lease.give_back()
        except DatabaseError as error:
            logger.warning("the lease of %s runs out by itself: %s", self._job.name, error)


_output: ContextVar["Output | None"] = ContextVar("output", default=None)


class Output(logging.Handler):
    """Keeps the last lines that were logged by one run, whatever others log at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
        self._lines: deque[str] = deque(maxlen=LINES)

    @contextmanager
    def captured(self) -> Iterator[None]:
        """Keep what is logged inside."""
        root = logging.getLogger()
        token = _output.set(self)
        root.addHandler(self)
        try:
            yield
        finally:
            root.removeHandler(self)
            _output.reset(token)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the lines of our own run pass."""
        return _output.get() is self

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def text(self) -> str:
        return "\n".join(self._lines)


class EndingError(Exception):
    """This process is about to end: another one may run the job."""


# Ask these whether the process has been told to end.
_questions: list[Callable[[], bool]] = []
_jobs_running = 0
_lock = threading.Lock()


def stop_when(question: Callable[[], bool]) -> None:
    """Ask this from now on: true, and a job that runs has its grace period, and no other begins.

    The server asks about its processes, a command about its signals.
    """
    _questions.append(question)


def told_to_end() -> bool:
    """Tell whether this process is about to end."""
    return any(question() for question in _questions)


@contextmanager
def _process_kept() -> Iterator[None]:
    """Keep this process from being recycled while a job runs in it."""
    global _jobs_running  # noqa: PLW0603
    with _lock:
        if told_to_end():
            raise EndingError("this process is about to end")
        _jobs_running += 1
    try:
        yield
    finally:
        with _lock:
            _jobs_running -= 1


def unless_a_job_runs(end: Callable[[], None]) -> None:
    """Call `end`, with which the server recycles this process. No job begins meanwhile."""
    with _lock:
        if not _jobs_running:
            end()
