"""Django's LOGGING setting: one line an event, on standard output."""

from typing import Any


def logging_config(*, formatter: str, level: str) -> dict[str, Any]:
    """Return the dictionary for Django's LOGGING setting.

    Args:
        formatter: `json` for machines, `readable` for people.
        level: the lowest level that is written, such as `INFO`.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request_id": {"()": f"{__package__}.filters.RequestIdFilter"},
            "not_deliberate": {"()": f"{__package__}.filters.NotDeliberateFilter"},
        },
        "formatters": {
            "json": {"()": f"{__package__}.formatters.JsonFormatter"},
            "readable": {
                "format": "{asctime} {levelname:<7} {message} [{request_id}]",
                "datefmt": "%H:%M:%S",
                "style": "{",
            },
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": formatter,
                "filters": ["request_id"],
            },
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            # Replaces Django's own handlers, which would write to standard error as well.
            "django": {"handlers": [], "level": level, "propagate": True},
            # A 4xx is in the request's own line already; what is left here are exceptions.
            "django.request": {"level": "ERROR", "filters": ["not_deliberate"]},
            # gunicorn's own lines, such as the end of a worker, are written like all others.
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True},
            # The development server's line says no more than ours.
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
        },
    }
