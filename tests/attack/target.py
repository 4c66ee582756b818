"""The site under attack: one of this machine, whose proxy can be looked into, or one elsewhere."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from lab.docker import docker
from tests.harness.proxied import MEMORY_MIB, Proxied
from tests.harness.site import Site

MEBIBYTE = 1024 * 1024
TIMEOUT_SECONDS = 30.0

# How long a visitor may wait while others attack; on a slow machine longer by twice what it waits in peace.
PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Target:
    """A site, and its proxy when that runs on this machine."""

    site: Site
    proxied: Proxied | None = None

    @property
    def proxy(self) -> Proxied:
        """The proxy itself; skips the test when the site is a foreign one."""
        if self.proxied is None:
            pytest.skip("only against a proxy of this machine, which can be looked into")
        return self.proxied

    def client(self, number: int) -> dict[str, str]:
        """Return the headers of a client with an address of its own, which only a proxy of ours believes."""
        assert self.proxy
        return {"X-Forwarded-For": f"192.0.2.{number}"}

    def open(self) -> ssl.SSLSocket:
        """Open a TLS connection."""
        connection = self.site.connect_tls(self.site.domain)
        connection.settimeout(TIMEOUT_SECONDS)
        return connection

    def open_plain(self) -> socket.socket:
        """Open a TCP connection to the port for http."""
        return self.site.connect(self.site.http_port)

    def send(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], *, length: int | None = None
    ) -> ssl.SSLSocket:
        """Send a request and return the connection. With `length` the body is announced to be so long."""
        head = {
            "Host": self.site.domain,
            "Content-Length": str(len(body) if length is None else length),
            "Connection": "close",
            **headers,
        }
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        connection = self.open()
        # Perhaps refused while it is sent: the answer says why.
        with suppress(OSError):
            connection.sendall("\r\n".join(lines).encode() + body)
        return connection


@contextmanager
def unharmed(target: Target, *, spools: bool = False) -> Iterator["Visitor"]:
    """While the block runs a visitor from elsewhere is served in time, and no worker of nginx dies.

    Against a proxy of this machine the memory of its container stays below the limit. Not when it `spools`
    to the disk: the kernel's copies of files take all that is left, and give it back.
    """
    workers = worker_processes(target)
    visitor = Visitor(target)
    with visitor.visiting():
        yield visitor
    visitor.must_be_content()
    assert worker_processes(target) == workers
    if target.proxied and not spools:
        assert peak_mib(target.proxied) < MEMORY_MIB


@dataclass
class Visitor:
    """Asks for a page ten times a second, each time on a new connection, and notes how long it took."""

    target: Target
    headers: dict[str, str] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    calm: float = 0.0

    def __post_init__(self) -> None:
        if self.target.proxied:
            self.headers = self.target.client(250)
        for _ in range(5):
            self.visit()
        self.calm = max(self.waits)
        self.waits.clear()

    @contextmanager
    def visiting(self) -> Iterator[None]:
        stop = threading.Event()

        def go_on() -> None:
            while not stop.wait(0.1):
                self.visit()

        thread = threading.Thread(target=go_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(TIMEOUT_SECONDS)

    def visit(self) -> None:
        began = time.monotonic()
        try:
            answer = self.target.site.request("GET", "/", headers=self.headers)
            if answer.status >= 400:
                self.failures.append(str(answer.status))
        except OSError as error:
            self.failures.append(repr(error))
        self.waits.append(time.monotonic() - began)

    def must_be_content(self) -> None:
        assert self.failures == []
        assert len(self.waits) >= 3, f"it was not asked often enough: {self.waits}"
        assert max(self.waits) < PATIENCE_SECONDS + 2 * self.calm


def answer_of(connection: socket.socket) -> int | None:
    """Return the status of an answer; None when the connection was closed without one."""
    received = b""
    try:
        while b"\r\n" not in received:
            part = connection.recv(4096)
            if not part:
                return None
            received += part
    except OSError:
        return None
    return int(received.split()[1])


def worker_processes(target: Target) -> list[str]:
    """Return the process numbers of nginx's workers; none for a foreign site."""
    if not target.proxied:
        return []
    lines = docker("top", target.proxied.proxy, "-eo", "pid,args").stdout.splitlines()
    return sorted(line.split()[0] for line in lines if "worker process" in line)


# cgroup v2, then v1.
PEAK_FILES = "/sys/fs/cgroup/memory.peak", "/sys/fs/cgroup/memory/memory.max_usage_in_bytes"


def peak_mib(proxied: Proxied) -> float:
    """Return the most memory that the proxy's container has used so far, in MiB."""
    for path in PEAK_FILES:
        read = docker("exec", proxied.proxy, "cat", path, check=False)
        if read.returncode == 0:
            return int(read.stdout) / MEBIBYTE
    raise AssertionError("the kernel does not tell the peak of a cgroup")
