"""An image registry on this machine that lets nobody in without a password."""

import http
import json
import secrets
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError

from lab.command import run
from lab.docker import docker, unique_name
from lab.ports import free_port
from lab.wait import wait_until


@dataclass(frozen=True)
class Account:
    """Somebody who may use the registry."""

    name: str
    password: str


@dataclass(frozen=True)
class Registry:
    """A registry in a container; `builder` and `reader` are let in.

    It is at `address` on this machine and within the container: every engine trusts plain http there.
    """

    container: str
    address: str
    builder: Account
    reader: Account

    def tags(self, repository: str) -> set[str]:
        """Return the tags of a repository; nothing when there is no such repository."""
        try:
            return set(json.loads(self._ask(f"{repository}/tags/list", self.builder))["tags"] or ())
        except HTTPError as error:
            if error.code != http.HTTPStatus.NOT_FOUND:
                raise
            return set()

    def answers(self) -> bool:
        """Tell whether it is up, and refuses who has no password."""
        try:
            self._ask("", None)
        except HTTPError as error:
            return error.code == http.HTTPStatus.UNAUTHORIZED
        except (URLError, OSError):
            pass
        return False

    def _ask(self, path: str, account: Account | None) -> bytes:
        # The address is one of this machine.
        request = urllib.request.Request(f"http://{self.address}/v2/{path}")
        if account:
            login = b64encode(f"{account.name}:{account.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {login}")
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            body: bytes = answer.read()
        return body


@contextmanager
def registry(folder: Path) -> Iterator[Registry]:
    """Run a registry while the block runs; `folder` is for its file of passwords."""
    accounts = [
        Account(name, secrets.token_urlsafe(16)) for name in ("gitlab-ci-token", "gitlab+deploy-token-1")
    ]
    lines = "".join(f"{account.name}:{bcrypt(account.password)}\n" for account in accounts)
    (folder / "htpasswd").write_text(lines, encoding="ascii")
    name, port = unique_name("registry"), free_port()
    options = {
        "REGISTRY_HTTP_ADDR": f":{port}",
        "REGISTRY_AUTH": "htpasswd",
        "REGISTRY_AUTH_HTPASSWD_REALM": "test",
        "REGISTRY_AUTH_HTPASSWD_PATH": "/htpasswd",
    }
    docker(
        "run", "--detach", f"--name={name}", f"--publish=127.0.0.1:{port}:{port}",
        f"--volume={folder / 'htpasswd'}:/htpasswd:ro",
        *(f"--env={key}={value}" for key, value in options.items()), "registry:2",
    )  # fmt: skip
    try:
        running = Registry(name, f"127.0.0.1:{port}", *accounts)
        wait_until(running.answers, 20, "the registry")
        yield running
    finally:
        docker("rm", "--force", "--volumes", name)


def bcrypt(password: str) -> str:
    """Return the only kind of hash that the registry takes; Python has none, and Debian's Perl has."""
    salt = secrets.token_hex(11)
    return run(["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", password, f"$2y$05${salt}"]).stdout
