"""Large files up and down, on a path that takes them, while the swarm replaces the app."""

import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.docker import docker, unique_name
from lab.wait import wait_until
from tests.harness.certificate import Certificate
from tests.harness.proxied import STUB, allow_uploads, proxied, site_folder, trust_forwarded_addresses

from .target import MEBIBYTE, Target, answer_of, unharmed

pytestmark = pytest.mark.swarm

SIZE = 50 * MEBIBYTE
UPLOAD = "/documents/upload/"
HEALTH = "python -c 'import socket; socket.create_connection((\"127.0.0.1\", 8000), 1)'"


@pytest.fixture(scope="module")
def uploads(
    example: Path, proxy_image: str, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A proxy with a path for large uploads, on a network of the swarm."""
    folder = site_folder(example, tmp_path_factory.mktemp("uploads") / "site")
    trust_forwarded_addresses(folder)
    allow_uploads(folder)
    overlay = ("--driver=overlay", "--attachable")
    with proxied(proxy_image, folder, certificate, "--cpus=1", network_options=overlay) as running:
        yield Target(running.site, running)


@pytest.fixture(scope="module")
def app(uploads: Target) -> Iterator[str]:
    """Two replicas of the stub, updated as the stack updates the app."""
    name = unique_name("attacked-app")
    try:
        docker(
            *("service", "create", "--quiet", "--name", name, "--replicas=2", "--init"),
            *(f"--network=name={uploads.proxy.network},alias=app", "--endpoint-mode=dnsrr"),
            f"--mount=type=bind,source={STUB},target=/stub_app.py,readonly",
            *(f"--health-cmd={HEALTH}", "--health-interval=1s", "--stop-grace-period=60s"),
            *("--update-order=start-first", "--update-delay=2s", "--update-monitor=1s"),
            *("--no-resolve-image", "python:3.13-slim-trixie", "python", "/stub_app.py"),
        )
        yield name
    finally:
        docker("service", "rm", name, check=False)
        label = f"label=com.docker.swarm.service.name={name}"
        wait_until(
            lambda: not docker("ps", "--all", "--quiet", "--filter", label).stdout, 90, f"the end of {name}"
        )


def test_large_files_pass_while_the_app_is_replaced(uploads: Target, app: str) -> None:
    with unharmed(uploads), ThreadPoolExecutor(4) as pool:
        up = [pool.submit(upload, uploads, uploads.client(number)) for number in (1, 2)]
        down = [pool.submit(download, uploads, uploads.client(number)) for number in (3, 4)]
        time.sleep(1)
        docker("service", "update", "--quiet", "--env-add=RELEASE=2", app)

    assert [task.result() for task in up] == [200, 200]
    assert [task.result() for task in down] == [SIZE, SIZE]


@pytest.mark.usefixtures("app")
def test_20_slow_uploads_of_50_mb_take_no_memory(uploads: Target) -> None:
    all_there = threading.Barrier(20)

    def slow(number: int) -> None:
        client = uploads.client(1 + number // 4)
        with uploads.send("POST", UPLOAD, bytes(5 * MEBIBYTE), client, length=SIZE) as connection:
            all_there.wait(60)
            time.sleep(1)
            # It was not refused: there is no answer yet.
            connection.setblocking(False)
            with pytest.raises(ssl.SSLWantReadError):
                connection.recv(1)

    with unharmed(uploads), ThreadPoolExecutor(20) as pool:
        list(pool.map(slow, range(20)))


def upload(target: Target, client: dict[str, str]) -> int | None:
    """Send a file in pieces, over some seconds."""
    with target.send("POST", UPLOAD, b"", client, length=SIZE) as connection:
        for _ in range(50):
            connection.sendall(bytes(MEBIBYTE))
            time.sleep(0.2)
        return answer_of(connection)


def download(target: Target, client: dict[str, str]) -> int:
    """Read a file in pieces, over some seconds, and return how much came."""
    with target.send("GET", f"/bytes/{SIZE}", b"", client) as connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        received = len(head.split(b"\r\n\r\n", 1)[1])
        while part := connection.recv(16_384):
            received += len(part)
            # About 5 MB a second.
            time.sleep(0.003)
        return received
