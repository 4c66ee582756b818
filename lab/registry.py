"""Image registries on this machine: one lets nobody in without a password, the other everybody."""

import argparse
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
from lab.docker import address_of, docker, unique_name
from lab.foreground import serve
from lab.ports import free_port
from lab.wait import wait_until

ANSWER_SECONDS = 20


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
    port = free_port()
    settings = {
        "HTTP_ADDR": f":{port}",
        "AUTH": "htpasswd",
        "AUTH_HTPASSWD_REALM": "test",
        "AUTH_HTPASSWD_PATH": "/htpasswd",
    }
    with container(
        f"--publish=127.0.0.1:{port}:{port}",
        f"--volume={folder / 'htpasswd'}:/htpasswd:ro",
        *(f"--env=REGISTRY_{key}={value}" for key, value in settings.items()),
    ) as name:
        running = Registry(name, f"127.0.0.1:{port}", *accounts)
        wait_until(running.answers, ANSWER_SECONDS, "the registry")
        yield running


@dataclass(frozen=True)
class OpenRegistry:
    """A registry in a container that lets everybody in.

    This machine pushes to `published`, the containers of its network pull from `address`.
    """

    published: str
    address: str

    def push(self, image: str, name: str) -> str:
        """Push an image of this machine under a name and tag, and return what the network calls it."""
        there = f"{self.published}/{name}"
        docker("tag", image, there)
        docker("push", "--quiet", there)
        docker("image", "rm", there)
        return f"{self.address}/{name}"

    def answers(self) -> bool:
        """Tell whether it is up."""
        try:
            with urllib.request.urlopen(f"http://{self.published}/v2/", timeout=10):
                return True
        except (URLError, OSError):
            return False


@contextmanager
def open_registry(network: str) -> Iterator[OpenRegistry]:
    """Run a registry in a network of the engine while the block runs."""
    with container("--publish=127.0.0.1::5000", f"--network={network}") as name:
        running = OpenRegistry(docker("port", name, "5000").stdout.strip(), f"{address_of(name)}:5000")
        wait_until(running.answers, ANSWER_SECONDS, "the registry")
        yield running


@contextmanager
def container(*options: str) -> Iterator[str]:
    """Run the registry's image with options of `docker run` while the block runs; yield its name."""
    name = unique_name("registry")
    docker("run", "--detach", f"--name={name}", *options, "registry:2")
    try:
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


def bcrypt(password: str) -> str:
    """Return the only kind of hash that the registry takes; Python has none, and Debian's Perl has."""
    salt = secrets.token_hex(11)
    return run(["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", password, f"$2y$05${salt}"]).stdout


def describe(running: OpenRegistry) -> str:
    """Say how to use a registry."""
    return f"This machine pushes to {running.published}, containers pull from {running.address}."


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m lab.registry", description="A registry without a password."
    )
    parser.add_argument("network", nargs="?", default="bridge", help="the network of those who pull")
    serve(open_registry(parser.parse_args().network), describe)
