"""As much of HTTP/2 as an attack needs: many requests on one connection, bodies of unknown length."""

import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from .target import Target

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# Types and flags of frames: RFC 9113, section 6.
DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 0x1, 0x4
# What HPACK says in one byte: RFC 7541, appendix A.
INDEXED_STATUS = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}
LITERAL_STATUS = 0x48


@dataclass
class Http2:
    """One connection to a site."""

    target: Target
    last_stream: int = -1
    connection: ssl.SSLSocket = field(init=False)

    def __post_init__(self) -> None:
        site = self.target.site
        context = ssl.create_default_context(cafile=site.certificate)
        context.set_alpn_protocols(["h2"])
        self.connection = site.connect_tls(site.domain, context)
        self.connection.sendall(PREFACE + frame(SETTINGS, 0, 0, b""))

    def start(self, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        """Send a request without its end, and return the number of its stream."""
        self.last_stream += 2
        pseudo = {":method": method, ":scheme": "https", ":authority": self.target.site.domain, ":path": path}
        fields = {**pseudo, **{name.replace("_", "-"): value for name, value in headers.items()}}
        block = b"".join(literal(name, value) for name, value in fields.items())
        self.connection.sendall(frame(HEADERS, END_HEADERS, self.last_stream, block))
        for begin in range(0, len(body), 16_384):
            self.connection.sendall(frame(DATA, 0, self.last_stream, body[begin : begin + 16_384]))
        return self.last_stream

    def end(self, stream: int) -> None:
        self.connection.sendall(frame(DATA, END_STREAM, stream, b""))

    def statuses(self, count: int, seconds: float) -> dict[int, int]:
        """Return the status of each stream: of `count` at most, and of those that come before a pause."""
        self.connection.settimeout(seconds)
        found: dict[int, int] = {}
        for kind, stream, payload in self.frames():
            if kind == HEADERS and stream not in found:
                first = payload[0]
                found[stream] = int(payload[2:5]) if first == LITERAL_STATUS else INDEXED_STATUS[first]
            if len(found) == count:
                break
        return found

    def frames(self) -> Iterator[tuple[int, int, bytes]]:
        try:
            while True:
                length, kind, _, stream = struct.unpack("!IBBI", b"\0" + self.read(9))
                yield kind, stream, self.read(length)
        except OSError:
            return

    def read(self, length: int) -> bytes:
        received = b""
        while len(received) < length:
            part = self.connection.recv(length - len(received))
            if not part:
                raise ConnectionResetError("the connection was closed")
            received += part
        return received


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack("!IBBI", len(payload), kind, flags, stream)[1:] + payload


def literal(name: str, value: str) -> bytes:
    """Encode a header without compression, for names and values of less than 127 bytes."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
