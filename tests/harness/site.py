"""A site as a client sees it: a name that is served under an address of this machine."""

import json
import socket
import ssl
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Site:
    """Asks a proxy on this machine for a site, without any name service.

    `domain` goes into SNI and Host. `certificate` alone is trusted; None: what this machine trusts.
    """

    domain: str
    http_port: int
    https_port: int
    certificate: Path | str | None
    address: str = "127.0.0.1"
    defaults: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        """Ask over https. A header's name is given with underscores: `x_forwarded_for`."""
        return self.request("GET", path, headers=named(headers))

    def request(
        self, method: str, path: str, body: bytes | str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Ask over https with any method, on a connection of its own.

        Raises OSError or http.client.HTTPException when there is no complete answer.
        """
        return self._ask(self.connect_tls(self.domain), method, path, body, headers)

    def get_plain(self, path: str, **headers: str) -> Answer:
        """Ask over http, without TLS."""
        return self._ask(self.connect(self.http_port), "GET", path, None, named(headers))

    def connect(self, port: int) -> socket.socket:
        """Open a TCP connection to a port of the site."""
        return socket.create_connection((self.address, port), timeout=TIMEOUT_SECONDS)

    def connect_tls(self, name: str | None, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        """Open a TLS connection that asks for `name` in SNI. Raises ssl.SSLError when refused."""
        chosen = context or ssl.create_default_context(cafile=self.certificate)
        return chosen.wrap_socket(self.connect(self.https_port), server_hostname=name)

    def _ask(
        self,
        connected: socket.socket,
        method: str,
        path: str,
        body: bytes | str | None,
        headers: dict[str, str] | None,
    ) -> Answer:
        connection = HTTPConnection(self.domain)
        connection.sock = connected
        with connected:
            connection.request(method, path, body, {**self.defaults, **(headers or {})})
            response: HTTPResponse = connection.getresponse()
            return Answer(response.status, response.headers, response.read())


def named(headers: dict[str, str]) -> dict[str, str]:
    """Turn keyword arguments into header names: `x_request_id` into `x-request-id`."""
    return {name.replace("_", "-"): value for name, value in headers.items()}
