"""Keeps the lease of a run valid, through outages of the database that are shorter than it."""

import logging
import time

from django.db import DatabaseError, connection

from .lease import Lease

logger = logging.getLogger(__name__)


class Keeper:
    """Renews a lease often enough that two renewals may fail."""

    def __init__(self, lease: Lease, seconds: float) -> None:
        """Take a lease that is valid for so many seconds at a time."""
        self._lease = lease
        self._pause = seconds / 3
        self._next = time.monotonic() + self._pause

    def renew_in_time(self) -> None:
        """Renew the lease when it is time; after an error the next call tries again."""
        now = time.monotonic()
        if now < self._next:
            return
        try:
            self._lease.renew()
        except DatabaseError as error:
            logger.warning("the lease of %s is not renewed yet: %s", self._lease.job, error)
            # A broken connection does not heal; the next query opens a new one.
            connection.close()
        else:
            self._next = now + self._pause
