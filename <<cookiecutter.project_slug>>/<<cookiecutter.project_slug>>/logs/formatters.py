"""How a log record is written."""

from django.conf import settings
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

# What Django attaches to its records: objects, which have no place in a log line.
DJANGO_ATTRS = ("request", "server_time", "status_code")


class JsonFormatter(BaseJsonFormatter):
    """One JSON object a line; the time is UTC in ISO 8601."""

    def __init__(self) -> None:
        """Name the fields in the order in which they are written."""
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "exception"},
            static_fields={"release": settings.RELEASE, "replica": settings.REPLICA},
            reserved_attrs=[*RESERVED_ATTRS, *DJANGO_ATTRS],
            timestamp="time",
        )
