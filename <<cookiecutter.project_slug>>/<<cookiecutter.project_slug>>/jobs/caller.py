"""Asks the app, over the internal network, to run a job."""

import http.client
import json
import logging
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from .registry import Job

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5
# The app answers when the job has ended or run over its timeout; add what recording may take.
ANSWER_SECONDS = 60
# Seconds between two tries: doubled each time, up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0

# The app has dealt with the call. Any other answer means: not yet, or not here.
FINAL = {200, 400, 409, 500, 504}


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
    connection = http.client.HTTPConnection(
        urlsplit(settings.CRON_URL).netloc, timeout=CONNECT_SECONDS
    )
    try:
        # The swarm's name service names all replicas; the first that accepts gets the call.
        connection.connect()
        connection.sock.settimeout(job.timeout + ANSWER_SECONDS)
        connection.request(
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
        response = connection.getresponse()
        body = response.read(10_000).decode(errors="replace")
        level = logging.INFO if response.status == http.HTTPStatus.OK else logging.WARNING
        logger.log(level, "%s: %s %s", job.name, response.status, body)
        return response.status
    finally:
        connection.close()
