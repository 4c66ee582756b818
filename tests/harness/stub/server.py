"""Answers like the app: /api/alive asks the database, /slow takes a second, / takes a POST too.

BEHAVIOUR, baked into the image, lets a release fail: `unhealthy` never has a database, `exits` ends after
ten seconds, `crashes` ends at once, `liar` answers with the name of another release.
"""

import http.server
import json
import os
import signal
import socket
import sys
import threading
import time
from typing import Any

import database

BEHAVIOUR = os.environ["BEHAVIOUR"]
RELEASE = "somebody-else" if BEHAVIOUR == "liar" else os.environ["RELEASE"]


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    # Answers of two small writes must not wait for an acknowledgement.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer after reading the body, if there is one."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/slow":
            time.sleep(1)
        alive = BEHAVIOUR != "unhealthy"
        if self.path in ("/api/alive", "/database"):
            alive = alive and database.answers()
        body = json.dumps({"release": RELEASE, "replica": socket.gethostname()}).encode()
        self.send_response(200 if alive else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if stopping.is_set():
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent about requests; thousands come."""


class Server(http.server.ThreadingHTTPServer):
    """Waits for the requests in its hands before it ends."""

    daemon_threads = False
    request_queue_size = 512


stopping = threading.Event()


def stop(*_: object) -> None:
    """Take no new request, finish the others."""
    stopping.set()
    threading.Thread(target=server.shutdown).start()


if BEHAVIOUR == "crashes":
    sys.exit("this release crashes: no module named exampleapp.missing")
server = Server(("0.0.0.0", 8000), Handler)
signal.signal(signal.SIGTERM, stop)
if BEHAVIOUR == "exits":
    threading.Timer(10, os._exit, [1]).start()
print(f"release {RELEASE} listens", flush=True)
server.serve_forever()
print(f"release {RELEASE} stops", flush=True)
# Idle connections would keep their threads for ever.
threading.Timer(5, os._exit, [0]).start()
server.server_close()
