"""A package index on this machine that asks for a password, with one package in it."""

import base64
import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "builder", "password-of-the-private-index"
AUTHORIZATION = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
PACKAGE = "privateexample"
WHEEL = f"{PACKAGE}-1.0-py3-none-any.whl"


@dataclass(frozen=True)
class PrivateIndex:
    """Where the index is and what a project has to require to need it."""

    requirement: str
    pip_conf: str


@contextmanager
def private_index(folder: Path) -> Iterator[PrivateIndex]:
    """Serve the index on 127.0.0.1; `folder` takes its files."""
    wheel = _make_wheel(folder)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers["Authorization"] != f"Basic {AUTHORIZATION}":
                self.answer(401, b"", "text/plain")
            elif self.path == f"/{PACKAGE}/":
                self.answer(200, f'<a href="{WHEEL}">{WHEEL}</a>'.encode(), "text/html")
            elif self.path == f"/{PACKAGE}/{WHEEL}":
                self.answer(200, wheel.read_bytes(), "application/zip")
            else:
                self.answer(404, b"", "text/plain")

        def answer(self, status: int, body: bytes, kind: str) -> None:
            """Send a whole answer; with 401, ask for the password."""
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 401:
                self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the output of the tests quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield PrivateIndex(
            requirement=f"{PACKAGE}==1.0 --hash=sha256:{digest}\n",
            pip_conf=f"[global]\nextra-index-url = http://{USER}:{PASSWORD}@127.0.0.1:{server.server_port}/\n",
        )
    finally:
        server.shutdown()
        server.server_close()


def _make_wheel(folder: Path) -> Path:
    metadata = f"{PACKAGE}-1.0.dist-info"
    files = {
        f"{PACKAGE}.py": "",
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: 1.0\n",
        f"{metadata}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{metadata}/RECORD"] = "".join(f"{name},,\n" for name in (*files, f"{metadata}/RECORD"))
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return folder / WHEEL
