"""Which due times of a crontab line have come since the last look."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from .crontab import Line

# A longer absence is not gone through minute by minute.
LOOK_BACK = timedelta(days=31)


class Plan:
    """Hands out each due time of a line once.

    Nothing adds up over time: due times come from the calendar, never from sleeping for so long.
    """

    next: datetime | None
    _times: Iterator[datetime]
    _looked: datetime

    def __init__(self, line: Line, handled: datetime, now: datetime) -> None:
        """Begin with the first due time after `handled`."""
        self.line = line
        self._start(max(handled, now - LOOK_BACK), now)

    def look(self, now: datetime) -> list[datetime]:
        """Return the due times that have come, oldest first."""
        if now < self._looked:
            # The clock was put back. What comes again has its run already: it gets no second one.
            self._start(now, now)
        if now - self._looked > LOOK_BACK:
            self._start(now - LOOK_BACK, now)
        self._looked = now
        come = []
        while self.next is not None and self.next <= now:
            come.append(self.next)
            self.next = next(self._times, None)
        return come

    def _start(self, after: datetime, now: datetime) -> None:
        self._times = self.line.due_times(after)
        self.next = next(self._times, None)
        self._looked = now
