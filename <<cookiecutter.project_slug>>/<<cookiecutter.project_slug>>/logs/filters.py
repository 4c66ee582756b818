"""What is added to a log record before it is written."""

import logging
from http import HTTPStatus

from .request_id import request_id


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to each record; `-` outside of a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id and let every record pass."""
        record.request_id = request_id.get()
        return True


class NotDeliberateFilter(logging.Filter):
    """Drops Django's line about a 503: the app answers that on purpose, and logs why itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let all records pass but those of a 503."""
        return getattr(record, "status_code", None) != HTTPStatus.SERVICE_UNAVAILABLE
