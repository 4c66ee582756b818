"""The example project, served as in production but for the proxy and PostgreSQL."""

import json
import os
import secrets
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path

from lab.command import run
from lab.ports import free_port
from tests.harness.process import running

RELEASE = "0123456789ab"


class Site:
    """gunicorn with the production settings, over https, so that cookies and headers are the real ones.

    Browsers that visit it send `X-Forwarded-Proto: https`, which is the proxy's part.
    """

    def __init__(self, project: Path, python: Path, redis_uri: str) -> None:
        """Take a project that may be written to, and a Python with its requirements/production.txt."""
        self._project = project
        self._python = python
        self._port = free_port()
        # Self-signed, with its key in the same file.
        self._certificate = project / "localhost.pem"
        self.url = f"https://localhost:{self._port}"
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "exampleapp.settings.production",
            "SECRET_KEY": secrets.token_hex(32),
            "CRON_API_KEY": secrets.token_hex(32),
            "DATABASE_URI": f"sqlite:///{project}/data/db.sqlite3",
            "REDIS_URI": redis_uri,
            "DOMAIN": "localhost",
            "RELEASE": RELEASE,
            # gunicorn keeps its control socket in the home folder.
            "HOME": str(project),
        }

    def manage(self, *arguments: str, **environment: str) -> None:
        """Run manage.py with `arguments` and additional environment variables."""
        run(
            [self._python, "manage.py", *arguments],
            cwd=self._project,
            env={**self._environment, **environment},
        )

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve until the block ends."""
        self.manage("collectstatic", "--no-input")
        self._make_certificate()
        command: list[str | Path] = [
            self._python,
            *("-m", "gunicorn", "exampleapp.wsgi"),
            # A connection that a browser opens ahead of need takes a thread; nginx opens none.
            *("--bind", f"127.0.0.1:{self._port}", "--threads", "32"),
            *("--certfile", self._certificate, "--keyfile", self._certificate),
        ]
        with running(command, self._project, self._environment, lambda: bool(self.checks())):
            yield

    def checks(self) -> dict[str, str]:
        """Return what /api/alive says of each dependency; empty when nothing answers."""
        context = ssl.create_default_context(cafile=self._certificate)
        connection = HTTPSConnection("localhost", self._port, timeout=5, context=context)
        with closing(connection):
            try:
                connection.request("GET", "/api/alive", headers={"X-Forwarded-Proto": "https"})
                body = connection.getresponse().read()
            except OSError:
                return {}
        checks: dict[str, str] = json.loads(body)["checks"]
        return checks

    def _make_certificate(self) -> None:
        run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
                *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
                *("-keyout", self._certificate, "-out", self._certificate),
            ]
        )
