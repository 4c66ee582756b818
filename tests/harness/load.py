"""A steady stream of requests to a site on this machine, over connections that are kept as browsers do."""

import itertools
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any

from tests.harness.site import Site

# However long a test takes: no stream of requests goes on for ever.
LONGEST_SECONDS = 300


@dataclass
class Load:
    """Requests for `path`, `rate` a second, over `connections` connections.

    Without `keep_alive` each request has a new connection. A status other than 200 and those in `also` is a
    failure. A request is sent at its time, whatever became of those before it, as far as there is a free
    connection: so an outage shows in many requests and not in one. A slow machine sends fewer.

    With `like_browsers` a request that meets a kept connection which the server has just closed is sent once
    more on a new one, as browsers do (RFC 9112, 9.3.1); those are counted.
    """

    site: Site
    path: str
    rate: int
    connections: int = 16
    method: str = "GET"
    keep_alive: bool = True
    also: tuple[int, ...] = ()
    like_browsers: bool = False
    statuses: Counter[int] = field(default_factory=Counter)
    sent: int = 0
    repeated: int = 0
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
                connection, response = self.exchange(connection)
                self.statuses[response.status] += 1
                good = response.status in (200, *self.also)
                outcome = "" if good else f"status {response.status}"
                if response.will_close:
                    connection = self.connect()
            except (OSError, HTTPException) as error:
                outcome = repr(error)
                connection = self.connect()
            self.note(sent_at, outcome)

    def exchange(self, connection: HTTPConnection) -> tuple[HTTPConnection, HTTPResponse]:
        """Send one request and read the answer; return it with the connection that it came on."""
        headers = {} if self.keep_alive else {"Connection": "close"}
        body = b"x=1" if self.method == "POST" else None
        try:
            connection.request(self.method, self.path, body, headers)
            response = connection.getresponse()
        except (ConnectionError, ssl.SSLEOFError):
            if not (self.like_browsers and self.keep_alive):
                raise
            connection = self.connect()
            connection.request(self.method, self.path, body, headers)
            response = connection.getresponse()
            with self.lock:
                self.repeated += 1
        response.read()
        return connection, response

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
        rate = self.sent / self.seconds
        again = f"{self.repeated} sent again, " if self.like_browsers else ""
        return (
            f"{self.sent} {self.method} requests for {self.path} in {self.seconds:.0f} s ({rate:.0f}/s), "
            f"{len(self.failures)} failed, {again}the slowest took {self.slowest_seconds:.1f} s"
        )


@contextmanager
def load(site: Site, path: str, rate: int, **options: Any) -> Iterator[Load]:
    """Send requests while the block runs, 300 seconds at most; `options` are fields of Load."""
    running = Load(site, path, rate, **options)
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
