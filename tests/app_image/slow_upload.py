"""A request that takes as long as the test wants: the second half of its body is held back."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.app_image.containers import DOMAIN, Container

PATH = "/admin/login/"


@dataclass(frozen=True)
class Upload:
    """A request under way."""

    connection: socket.socket
    rest: bytes

    def finish(self) -> int:
        """Send the rest and return the status of the answer; 0 when the connection was cut."""
        self.connection.sendall(self.rest)
        answer = self.connection.recv(64).decode()
        return int(answer.split()[1]) if answer else 0


@contextmanager
def slow_upload(app: Container) -> Iterator[Upload]:
    """Send the first half of a login form, which the app reads before it does anything else."""
    cookies = app.get(PATH).headers["set-cookie"]
    name, token = re.findall(r"(__Host-csrftoken)=(\w+)", cookies)[0]
    body = f"csrfmiddlewaretoken={token}&username=nobody&password=wrong".encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {DOMAIN}\r\nX-Forwarded-Proto: https\r\nOrigin: https://{DOMAIN}\r\n"
        f"Cookie: {name}={token}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    middle = len(body) // 2
    with socket.create_connection(("127.0.0.1", app.port()), timeout=20) as connection:
        connection.sendall(head.encode() + body[:middle])
        # Time for a thread to take the request up.
        time.sleep(0.5)
        yield Upload(connection, body[middle:])
