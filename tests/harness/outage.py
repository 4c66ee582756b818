"""Watch the site while something is broken on purpose, and say how long it was away."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException

from tests.harness.site import Site

INTERVAL_SECONDS = 0.1


@dataclass
class Watch:
    """What a visitor saw who asked for `path` every 0.1 s. Times are in seconds since the watch began."""

    site: Site
    path: str
    asked: int = 0
    failed: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    began: float = field(default_factory=time.monotonic)

    def ask_until_ended(self) -> None:
        while not self.ended.wait(INTERVAL_SECONDS):
            asked_at = time.monotonic() - self.began
            self.asked += 1
            (self.answered if self.is_answered() else self.failed).append(asked_at)

    def is_answered(self) -> bool:
        try:
            return self.site.get(self.path).status == 200
        except (OSError, HTTPException):
            return False

    def is_back(self) -> bool:
        """Tell whether the last answers, of a second at least, were all good."""
        last_failure = self.failed[-1] if self.failed else 0.0
        good = [moment for moment in self.answered if moment > last_failure]
        return bool(good) and time.monotonic() - self.began - last_failure > 1.0

    @property
    def away_seconds(self) -> float:
        """Seconds from the first failed request to the good one after the last failed one; 0 without any."""
        if not self.failed:
            return 0.0
        return min(moment for moment in self.answered if moment > self.failed[-1]) - self.failed[0]

    def __str__(self) -> str:
        return f"{len(self.failed)} of {self.asked} requests failed, away for {self.away_seconds:.1f} s"


@contextmanager
def watch(site: Site, path: str) -> Iterator[Watch]:
    """Ask for `path` again and again while the block runs."""
    watching = Watch(site, path)
    thread = threading.Thread(target=watching.ask_until_ended, daemon=True)
    thread.start()
    try:
        yield watching
    finally:
        watching.ended.set()
        thread.join()
