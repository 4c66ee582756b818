"""A steady stream of requests to a site on this machine, over connections that are kept as browsers do."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from tests.harness.site import Site

# However long a test takes: no stream of requests goes on for ever.
LONGEST_SECONDS = 300


@dataclass
class Load:
    """GET requests for `path`, `rate` a second, over `connections` connections.

    A request is sent at its time, whatever became of those before it, as far as there is a free
    connection: so an outage shows in many requests and not in one. A slow machine sends fewer.
    """

    site: Site
    path: str
    rate: int
    connections: int = 16
    sent: int = 0
    failures: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    def __post_init__(self) -> None:
        self.stop = threading.Event()
        self.numbers = itertools.count()
        self.lock = threading.Lock()

    @property
    def seconds(self) -> float:
        """Seconds since the first request; once it has ended, until the last."""
        return (self.ended or time.monotonic()) - self.began

    def ask(self) -> None:
        """Send the requests whose turn it is, one after the other."""
        connection = self.connect()
        while not self.stop.is_set() and self.seconds < LONGEST_SECONDS:
            due = self.began + next(self.numbers) / self.rate
            time.sleep(max(0.0, due - time.monotonic()))
            sent_at = time.monotonic()
            try:
                connection.request("GET", self.path)
                response = connection.getresponse()
                response.read()
                outcome = "" if response.status == 200 else f"status {response.status}"
                if response.will_close:
                    connection = self.connect()
            except (OSError, HTTPException) as error:
                outcome = repr(error)
                connection = self.connect()
            self.note(sent_at, outcome)

    def connect(self) -> HTTPConnection:
        connection = HTTPConnection(self.site.domain)
        connection.sock = self.site.connect_tls(self.site.domain)
        return connection

    def note(self, sent_at: float, failure: str) -> None:
        with self.lock:
            self.sent += 1
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - sent_at)
            if failure:
                self.failures.append(f"after {sent_at - self.began:.1f} s: {failure}")

    def __str__(self) -> str:
        return (
            f"{self.sent} requests in {self.seconds:.0f} s ({self.sent / self.seconds:.0f}/s), "
            f"{len(self.failures)} failed, the slowest took {self.slowest_seconds:.1f} s"
        )


@contextmanager
def load(site: Site, path: str, rate: int) -> Iterator[Load]:
    """Send requests while the block runs, 300 seconds at most."""
    running = Load(site, path, rate)
    threads = [threading.Thread(target=running.ask, daemon=True) for _ in range(running.connections)]
    for thread in threads:
        thread.start()
    try:
        yield running
    finally:
        running.stop.set()
        for thread in threads:
            thread.join()
        running.ended = time.monotonic()
