"""Notes the due times that passed without a run, also when the database is away just then."""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime

from django.db import DatabaseError, connection

from .crontab import Line
from .history import note_skipped

logger = logging.getLogger(__name__)


class Missed:
    """Due times that the history does not know yet, by the number of their line."""

    def __init__(self) -> None:
        """Start with none."""
        self._times: dict[int, tuple[Line, list[datetime]]] = {}
        self._lock = threading.Lock()

    def add(self, line: Line, times: Sequence[datetime]) -> None:
        """Remember due times of a line."""
        if times:
            logger.warning("%s: %s", line.job.name, _in_words(times))
            with self._lock:
                self._times.setdefault(line.number, (line, []))[1].extend(times)

    def write(self) -> None:
        """Write a row for each line; what cannot be written now is kept for the next time."""
        with self._lock:
            for line, times in list(self._times.values()):
                job = line.job.name
                try:
                    note_skipped(job, line.parameters, times[-1], f"{_in_words(times)}.")
                except DatabaseError as error:
                    logger.warning("what %s missed is not noted yet: %s", job, error)
                else:
                    del self._times[line.number]
        connection.close()


def _in_words(times: Sequence[datetime]) -> str:
    reason = "no scheduler was running, the app did not answer, or another line was at work"
    first, last = (f"{time:%Y-%m-%d %H:%M} UTC" for time in (times[0], times[-1]))
    if len(times) == 1:
        return f"the due time {first} passed: {reason}"
    return f"{len(times)} due times from {first} to {last} passed: {reason}"
