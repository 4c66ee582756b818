"""The loop that calls the app when a job is due."""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError, connection
from django.utils import timezone

from . import heartbeat, schedule
from .caller import call
from .crontab import Line
from .history import AHEAD
from .missed import Missed
from .plan import Plan

logger = logging.getLogger(__name__)

# A due time that is so old is missed: the job waits for the next one, unless its line says --catch-up.
LATE = timedelta(minutes=5)
# Seconds between two looks at the clock, so that a clock that is put forward or back is noticed.
TICK = 1.0
# Seconds between two tries to reach the database at the start.
DATABASE_PAUSE = 2.0


@dataclass(frozen=True)
class Due:
    """The due times of a line that have come, oldest first, and the one after them."""

    line: Line
    times: list[datetime]
    following: datetime | None


class Scheduler:
    """Follows the lines of a crontab."""

    def __init__(self, lines: Sequence[Line], clock: Callable[[], datetime] = timezone.now) -> None:
        """Take the lines; `clock` tells the time."""
        self._lines = list(lines)
        self._clock = clock
        self._stop = threading.Event()
        self._missed = Missed()
        self._plans: list[Plan] = []
        self._looked = clock()

    def run(self) -> None:
        """Work until `stop` is called."""
        while not self._stop.is_set() and not self._prepared():
            heartbeat.beat()
            self._stop.wait(DATABASE_PAUSE)
        logger.info("the scheduler follows %s lines", len(self._lines))
        while not self._stop.is_set():
            self.tick()
            heartbeat.beat()
            self._stop.wait(self._pause())
        logger.info("the scheduler stops; what runs is left to the app")

    def stop(self) -> None:
        """End the loop and the waiting for an app that is away."""
        self._stop.set()

    def prepare(self) -> None:
        """Publish the crontab, and find out what has been dealt with.

        Raises:
            DatabaseError: the database is away, or not migrated yet.
        """
        now = self._clock()
        schedule.publish(self._lines, now)
        self._plans = [Plan(line, schedule.handled(line, now), now) for line in self._lines]
        connection.close()

    def _prepared(self) -> bool:
        try:
            self.prepare()
        except DatabaseError as error:
            logger.warning("the scheduler waits for the database: %s", error)
            connection.close()
            return False
        return True

    def tick(self) -> None:
        """Deal with the due times that have come since the last tick."""
        now = self._clock()
        if now < self._looked - AHEAD:
            logger.warning("the clock was put back by %s", self._looked - now)
            self._prepared()
        self._looked = now
        due: dict[str, list[Due]] = defaultdict(list)
        for plan in self._plans:
            if come := plan.look(now):
                due[plan.line.job.name].append(Due(plan.line, come, plan.next))
        for lines in due.values():
            # In a thread of its own: no job and no outage holds up the others.
            threading.Thread(target=self._deal_with, args=(lines,), daemon=True).start()

    def _deal_with(self, lines: list[Due]) -> None:
        """Call for the latest due time of each line, and note those before it as missed.

        Lines of one job take turns: it runs once at a time.
        """
        for due in lines:
            *missed, latest = due.times
            now = self._clock()
            until = _until(due.line, latest, due.following)
            if until <= now:
                missed.append(latest)
            self._missed.add(due.line, missed)
            self._missed.write()
            if until > now:
                self._call(due.line, latest, (until - now).total_seconds())

    def _call(self, line: Line, due: datetime, seconds: float) -> None:
        done = call(line.job, line.parameters, due, seconds=seconds, stop=self._stop)
        # After a stop the next start finds out what is left to do.
        if not done and not self._stop.is_set():
            self._missed.add(line, [due])
            self._missed.write()

    def _pause(self) -> float:
        """Return the seconds until the next due time, or until the next look at the clock."""
        upcoming = [plan.next - self._clock() for plan in self._plans if plan.next]
        return max(0.0, min([TICK, *(wait.total_seconds() for wait in upcoming)]))


def _until(line: Line, due: datetime, following: datetime | None) -> datetime:
    """Return when a due time is missed: when the next one comes, or when it is too late."""
    ends = [datetime.max.replace(tzinfo=UTC)]
    if following:
        ends.append(following)
    if not line.catch_up:
        ends.append(due + LATE)
    return min(ends)
