"""Everything that the limits let in, at once: the sum at the head of limits.conf is true."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.docker import docker
from tests.harness.certificate import Certificate
from tests.harness.proxied import (
    DOMAIN,
    MEMORY_MIB,
    TMPFS_MIB,
    Proxied,
    proxied,
    site_folder,
    trust_forwarded_addresses,
)
from tests.harness.site import Site

from .target import MEBIBYTE, Target, unharmed
from .test_bodies import BODIES, FORM, form_of

# Less than half of those that nginx allows: more take a minute to shake hands.
CONNECTIONS = 4_000
# The length of an answer, and how many clients read none of it: with the bodies as many as are let in.
UNREAD = {4 * MEBIBYTE: 120, 100_000: 360}


@pytest.fixture
def patient(example: Path, proxy_image: str, certificate: Certificate, tmp_path: Path) -> Iterator[Target]:
    """A proxy that waits a minute for a request, so that connections can be gathered."""
    folder = site_folder(example, tmp_path / "site")
    trust_forwarded_addresses(folder)
    limits = folder / "limits.conf"
    text = limits.read_text(encoding="utf-8")
    limits.write_text(text.replace("client_header_timeout 5s", "client_header_timeout 60s"))
    with proxied(proxy_image, folder, certificate, "--cpus=2") as running:
        running.start_app(THREADS="16")
        yield Target(Site(DOMAIN, 8080, 8443, certificate.certificate, address=running.address), running)


@pytest.mark.usefixtures("many_open_files")
def test_everything_at_once_fits(patient: Target, example: Path) -> None:
    limits = (example / "deploy/proxy/limits.conf").read_text(encoding="utf-8")
    parts = [int(part) for part in re.findall(r"^#   .* (\d+) MiB", limits, re.MULTILINE)]
    each_kib = int(re.findall(r"worker_connections .* x (\d+) KiB", limits)[0])
    assert sum(parts) < MEMORY_MIB

    with unharmed(patient, spools=True), ExitStack() as stack:
        docker("exec", patient.proxy.proxy, "sh", "-c", fill("/var/cache/nginx"))
        for _ in range(CONNECTIONS):
            stack.enter_context(patient.open()).sendall(b"G")
        form = form_of(60_000)[:MEBIBYTE]
        for number in range(BODIES):
            headers = {**FORM, **patient.client(1 + number // 4)}
            stack.enter_context(patient.send("POST", "/slow/20", form, headers))
        for length, count in UNREAD.items():
            for number in range(count):
                client = patient.client(100 + length % 7 + 10 * (number // 100))
                stack.enter_context(patient.send("GET", f"/bytes/{length}", b"", client))
        time.sleep(2)
        used = used_mib(patient.proxy)

    # All parts but the connections, of which there are fewer.
    assert used < sum(parts) - max(parts) + CONNECTIONS * each_kib / 1024


def used_mib(proxied: Proxied) -> float:
    """Return the memory that the kernel cannot take back from the container, in MiB: no copies of files."""
    read = "cat /sys/fs/cgroup/memory.stat 2> /dev/null || cat /sys/fs/cgroup/memory/memory.stat"
    lines = docker("exec", proxied.proxy, "sh", "-c", read).stdout.splitlines()
    parts = {name: int(value) for name, _, value in (line.partition(" ") for line in lines)}
    # cgroup v2, then v1.
    names = ("anon", "shmem", "kernel", "sock") if "anon" in parts else ("total_rss", "total_shmem")
    return sum(parts.get(name, 0) for name in names) / MEBIBYTE


def fill(folder: str) -> str:
    """Return the command that fills a tmpfs but for its last MiB."""
    return f"dd if=/dev/zero of={folder}/full bs=1M count={TMPFS_MIB[folder] - 1} 2> /dev/null"
