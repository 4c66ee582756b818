"""The example project, served as in production but for the proxy and PostgreSQL."""

import json
import os
import secrets
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from pathlib import Path

from playwright.sync_api import Page

from lab.command import run
from lab.ports import free_port
from tests.harness.process import running

RELEASE = "0123456789ab"
# With password and second factor, as far as the server can tell.
SIGN_IN = """
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice
from exampleapp.users.models import User

user = User.objects.create_superuser("{name}", email="{name}@example.com")
device = TOTPDevice.objects.create(user=user)
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session[DEVICE_ID_SESSION_KEY] = device.persistent_id
session.save()
print(session.session_key)
"""


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

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run manage.py with `arguments` and additional environment variables; return what it printed."""
        return run(
            [self._python, "manage.py", *arguments],
            cwd=self._project,
            env={**self._environment, **environment},
        ).stdout

    def session_of(self, name: str) -> str:
        """Make an account that may do everything; return the key of a session that has signed in to it."""
        return self.manage("shell", "--verbosity=0", "--command", SIGN_IN.format(name=name)).strip()

    def take_session(self, page: Page, session: str) -> None:
        """Let a browser go on with a session, as if it had signed in itself."""
        page.context.add_cookies(
            [{"name": "__Host-sessionid", "value": session, "url": self.url, "secure": True}]
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
