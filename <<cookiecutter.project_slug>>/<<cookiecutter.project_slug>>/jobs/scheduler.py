"""The loop that calls the app, over the internal network, whenever a line of the crontab is due."""

import http.client
import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Max
from django.utils import timezone

from . import heartbeat
from .calendar import Line, Plan
from .history import AHEAD, note_skipped
from .models import CrontabLine, Run
from .registry import Job

logger = logging.getLogger(__name__)

# Seconds between two looks at the clock, so that a clock that is put forward or back is noticed.
TICK = 1.0
# Seconds between two tries to reach the database at the start.
DATABASE_PAUSE = 2.0
# Seconds to wait for a connection to the app.
CONNECT_SECONDS = 5
# The app answers when the job has ended or run over its timeout; add what recording may take.
ANSWER_SECONDS = 60
# Seconds between two calls of an app that is away: doubled each time, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# The app has dealt with the call. Any other answer means: not yet, or not here.
FINAL = {200, 400, 409, 500, 504}


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
        self._looked = clock()
        self._stop = threading.Event()
        self._plans: list[Plan] = []
        # Due times that the history does not know yet, by the number of their line.
        self._missed: dict[int, tuple[Line, list[datetime]]] = {}
        self._lock = threading.Lock()

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
        publish(self._lines, now)
        self._plans = [Plan(line, handled(line, now), now) for line in self._lines]
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

    def _pause(self) -> float:
        """Return the seconds until the next due time, or until the next look at the clock."""
        upcoming = [plan.next - self._clock() for plan in self._plans if plan.next]
        return max(0.0, min([TICK, *(wait.total_seconds() for wait in upcoming)]))

    def _deal_with(self, lines: list[Due]) -> None:
        """Call for the latest due time of each line, and note those before it as missed.

        Lines of one job take turns: it runs once at a time.
        """
        for due in lines:
            *missed, latest = due.times
            seconds = (due.line.missed_at(latest, due.following) - self._clock()).total_seconds()
            self._note_missed(due.line, missed if seconds > 0 else due.times)
            if seconds > 0:
                self._call(due.line, latest, seconds)

    def _call(self, line: Line, due: datetime, seconds: float) -> None:
        done = call(line.job, line.parameters, due, seconds=seconds, stop=self._stop)
        # After a stop the next start finds out what is left to do.
        if not done and not self._stop.is_set():
            self._note_missed(line, [due])

    def _note_missed(self, line: Line, times: Sequence[datetime]) -> None:
        """Write one row for these due times; what cannot be written now is kept for the next time."""
        with self._lock:
            if times:
                logger.warning("%s: %s", line.job.name, _missed(times))
                self._missed.setdefault(line.number, (line, []))[1].extend(times)
            for number, (one, its) in list(self._missed.items()):
                try:
                    note_skipped(one.job.name, one.parameters, its[-1], f"{_missed(its)}.")
                    del self._missed[number]
                except DatabaseError as error:
                    logger.warning("what %s missed is not noted yet: %s", one.job.name, error)
        connection.close()


def _missed(times: Sequence[datetime]) -> str:
    reason = "no scheduler was running, the app did not answer, or another line was at work"
    first, last = (f"{time:%Y-%m-%d %H:%M} UTC" for time in (times[0], times[-1]))
    if len(times) == 1:
        return f"the due time {first} passed: {reason}"
    return f"{len(times)} due times from {first} to {last} passed: {reason}"


def publish(lines: list[Line], now: datetime) -> None:
    """Store the crontab's lines for the app, which does not read it, and forget those that are gone."""
    wanted = [
        CrontabLine(
            job=line.job.name, expression=line.expression, parameters=line.parameters, since=now
        )
        for line in lines
    ]
    known = [(row.job, row.expression, row.parameters) for row in wanted]
    with transaction.atomic():
        for row in CrontabLine.objects.defer("since"):
            if (row.job, row.expression, row.parameters) not in known:
                row.delete()
        # A clock that was ahead has written these.
        CrontabLine.objects.filter(since__gt=now).update(since=now)
        CrontabLine.objects.bulk_create(wanted, ignore_conflicts=True)


def handled(line: Line, now: datetime) -> datetime:
    """Return the moment up to which the due times of a published line have been dealt with.

    What a clock that was ahead has left, later than `now`, says nothing.
    """
    same = {"job": line.job.name, "parameters": line.parameters}
    since = CrontabLine.objects.get(**same, expression=line.expression).since
    runs = Run.objects.filter(**same, scheduled__lte=now)
    last: datetime | None = runs.aggregate(Max("scheduled"))["scheduled__max"]
    return max(since, last) if last else since


def call(
    job: Job,
    parameters: Mapping[str, Any],
    scheduled: datetime,
    *,
    seconds: float,
    stop: threading.Event,
) -> bool:
    """Call the app until it has dealt with a due time.

    Args:
        job: what to run.
        parameters: what the crontab line says.
        scheduled: the due time, by which the app knows a call that it gets twice.
        seconds: for how long to try, at least once.
        stop: ends the waiting between two tries.

    Returns:
        Whether the app has dealt with it.
    """
    deadline = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while True:
        answer = _ask(job, parameters, scheduled)
        if answer in FINAL:
            return True
        logger.warning("%s: %s, asking again in %g s", job.name, answer, pause)
        if time.monotonic() + pause >= deadline or stop.wait(pause):
            return False
        pause = min(pause * 2, LONGEST_PAUSE)


def _ask(job: Job, parameters: Mapping[str, Any], scheduled: datetime) -> int | str:
    """Return the status of the answer, or why there is none."""
    answer: int | str = "no key"
    # The previous key first: while the key is replaced, old and new replicas all accept it.
    for key in filter(None, (settings.CRON_API_KEY_PREVIOUS, settings.CRON_API_KEY)):
        try:
            answer = _post(job, parameters, scheduled, key)
        except (OSError, http.client.HTTPException) as error:
            return f"no answer: {error}"
        if answer != http.HTTPStatus.UNAUTHORIZED:
            break
    return answer


def _post(job: Job, parameters: Mapping[str, Any], scheduled: datetime, key: str) -> int:
    app = http.client.HTTPConnection(urlsplit(settings.CRON_URL).netloc, timeout=CONNECT_SECONDS)
    try:
        # The swarm's name service names all replicas; the first that accepts gets the call.
        app.connect()
        app.sock.settimeout(job.timeout + ANSWER_SECONDS)
        app.request(
            "POST",
            f"/api/cron/{job.name}",
            json.dumps(dict(parameters)),
            {
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Host": settings.ALLOWED_HOSTS[0],
                # The app would redirect to the proxy what is not https.
                "X-Forwarded-Proto": "https",
                "X-Scheduled": scheduled.isoformat(),
            },
        )
        response = app.getresponse()
        body = response.read(10_000).decode(errors="replace")
        level = logging.INFO if response.status == http.HTTPStatus.OK else logging.WARNING
        logger.log(level, "%s: %s %s", job.name, response.status, body)
        return response.status
    finally:
        app.close()
