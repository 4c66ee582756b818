"""The id that ties together all log lines of one request."""

import re
import uuid
from contextvars import ContextVar

# Letters, digits and a few signs: an id from outside must not forge or flood a log line.
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")

request_id: ContextVar[str] = ContextVar("request_id", default="-")


def accept_or_make(received: str | None) -> str:
    """Return the id that the proxy sent when it is well-formed, else a new one."""
    if received and WELL_FORMED.fullmatch(received):
        return received
    return uuid.uuid4().hex
