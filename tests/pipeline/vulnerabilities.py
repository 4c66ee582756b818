"""A list of known vulnerabilities on this machine, that answers as the OSV database does."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Vulnerabilities:
    """What is known: for the name of a package, the release that mends it, or nothing if none does."""

    url: str = ""
    known: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def look_up(self, package: str) -> dict[str, object]:
        """Answer a question for one package."""
        self.asked.add(package)
        if package not in self.known:
            return {}
        events = [{"introduced": "0"}]
        if fix := self.known[package]:
            events.append({"fixed": fix})
        affected = {
            "package": {"name": package, "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }
        return {"vulns": [{"id": f"TEST-{package}", "summary": "A test.", "affected": [affected]}]}


@contextmanager
def vulnerabilities(address: str) -> Iterator[Vulnerabilities]:
    """Answer on `address`, at a port of its own, while the block runs."""
    found = Vulnerabilities()

    class Handler(BaseHTTPRequestHandler):
        """One question."""

        def do_POST(self) -> None:
            """Answer it."""
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(found.look_up(question["package"]["name"])).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer((address, 0), Handler)
    found.url = f"http://{address}:{server.server_port}/v1/query"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
