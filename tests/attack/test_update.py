"""Large files up and down, on a path that takes them, while the app is replaced."""

import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.docker import docker
from tests.harness.certificate import Certificate
from tests.harness.proxied import DOMAIN, allow_uploads, proxied, site_folder, trust_forwarded_addresses
from tests.harness.site import Site

from .target import MEBIBYTE, Target, answer_of, unharmed

SIZE = 50 * MEBIBYTE
UPLOAD = "/documents/upload/"


@pytest.fixture
def uploads(example: Path, proxy_image: str, certificate: Certificate, tmp_path: Path) -> Iterator[Target]:
    folder = site_folder(example, tmp_path / "site")
    trust_forwarded_addresses(folder)
    allow_uploads(folder)
    with proxied(proxy_image, folder, certificate, "--cpus=1") as running:
        yield Target(Site(DOMAIN, 8080, 8443, certificate.certificate, address=running.address), running)


def test_large_files_pass_while_the_app_is_replaced(uploads: Target) -> None:
    """The swarm starts a new replica, and then tells an old one to finish: so does this."""
    old = [uploads.proxy.start_app() for _ in range(2)]
    with unharmed(uploads), ThreadPoolExecutor(4) as pool:
        up = [pool.submit(upload, uploads, uploads.client(number)) for number in (1, 2)]
        down = [pool.submit(download, uploads, uploads.client(number)) for number in (3, 4)]
        time.sleep(1)
        for replica in old:
            uploads.proxy.start_app()
            time.sleep(2)
            docker("stop", "--time=60", replica)

    assert [task.result() for task in up] == [200, 200]
    assert [task.result() for task in down] == [SIZE, SIZE]


def test_20_slow_uploads_of_50_mb_take_no_memory(uploads: Target) -> None:
    uploads.proxy.start_app()
    all_there = threading.Barrier(20)

    def slow(number: int) -> None:
        client = uploads.client(1 + number // 4)
        with uploads.send("POST", UPLOAD, bytes(10 * MEBIBYTE), client, length=SIZE) as connection:
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
            time.sleep(0.1)
        return answer_of(connection)


def download(target: Target, client: dict[str, str]) -> int:
    """Read a file in pieces, over some seconds, and return how much came."""
    with target.send("GET", f"/bytes/{SIZE}", b"", client) as connection:
        received = 0
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        received = len(head.split(b"\r\n\r\n", 1)[1])
        while part := connection.recv(MEBIBYTE):
            received += len(part)
            time.sleep(0.0005)
        return received
