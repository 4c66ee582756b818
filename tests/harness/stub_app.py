"""Stands in for the app behind the proxy: says what it was asked, and misbehaves on demand.

Runs inside a container with nothing but the standard library. Environment: FILES, the static files
that this replica knows; BREAKS, to hang up on every request after it was read; THREADS, how many
long answers it sends at once.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FILES = os.environ.get("FILES", "").split()
SECURITY_HEADERS = (
    "Strict-Transport-Security",
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
)
THREADS = threading.BoundedSemaphore(int(os.environ.get("THREADS", "1000")))
BREAKS = bool(os.environ.get("BREAKS"))


class App(BaseHTTPRequestHandler):
    """One request: a line on standard output, then the answer."""

    protocol_version = "HTTP/1.1"

    def handle_request(self) -> None:
        received = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        print("received", self.command, self.path, flush=True)
        if BREAKS and not self.path.startswith("/static/"):
            self.close_connection = True
            return
        if self.path.startswith("/static/"):
            self.answer_file()
        elif self.path == "/own-headers":
            self.answer(200, {}, dict.fromkeys(SECURITY_HEADERS, "of the app"))
        elif self.path.startswith("/bytes/"):
            self.answer_bytes(int(self.path.removeprefix("/bytes/")))
        elif self.path.startswith("/slow/"):
            time.sleep(float(self.path.removeprefix("/slow/")))
            self.answer(200, {"slept": True})
        elif self.path == "/api/alive":
            self.answer(503, {"status": "unavailable"})
        elif self.path.startswith("/status/"):
            self.answer(int(self.path.removeprefix("/status/")), {"from": "the app"})
        else:
            self.answer(200, {"path": self.path, "headers": dict(self.headers), "length": len(received)})

    def answer_bytes(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        with THREADS:
            self.wfile.write(bytes(length))
        # Only once the proxy has taken all of it.
        print("sent", self.path, flush=True)

    do_GET = do_POST = do_PUT = do_DELETE = handle_request  # noqa: N815

    def answer_file(self) -> None:
        name = self.path.removeprefix("/static/").partition("?")[0]
        if name not in FILES:
            self.answer(404, {})
            return
        encodings = self.headers.get("Accept-Encoding", "")
        encoding = "br" if "br" in encodings else "gzip" if "gzip" in encodings else "identity"
        self.answer(
            200,
            {"encoding": encoding},
            {
                "Cache-Control": "max-age=315360000, public, immutable",
                "Content-Encoding": encoding,
                "Vary": "Accept-Encoding",
            },
        )

    def answer(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-ID", self.headers.get("X-Request-ID", ""))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent: one line a request is enough."""


if __name__ == "__main__":
    sys.stderr.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    server = ThreadingHTTPServer(("0.0.0.0", 8000), App)  # noqa: S104
    # Finish what has begun, as gunicorn does.
    server.daemon_threads = False
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()
