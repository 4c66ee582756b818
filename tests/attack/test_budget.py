"""Everything that the limits let in, at once: the sum at the head of limits.conf is true."""

import re
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
    proxied,
    site_folder,
    trust_forwarded_addresses,
)
from tests.harness.site import Site

from .target import MEBIBYTE, Target, peak_mib, unharmed
from .test_bodies import BODIES, FORM, form_of

# A third of those that nginx allows: more take a minute to shake hands.
CONNECTIONS = 4_000
REQUESTS = 480


@pytest.fixture
def patient(example: Path, proxy_image: str, certificate: Certificate, tmp_path: Path) -> Iterator[Target]:
    """A proxy that waits a minute for a request, so that connections can be gathered."""
    folder = site_folder(example, tmp_path / "site")
    trust_forwarded_addresses(folder)
    limits = folder / "limits.conf"
    text = limits.read_text(encoding="utf-8")
    limits.write_text(text.replace("client_header_timeout 5s", "client_header_timeout 60s"))
    with proxied(proxy_image, folder, certificate, "--cpus=2") as running:
        running.start_app()
        yield Target(Site(DOMAIN, 8080, 8443, certificate.certificate, address=running.address), running)


@pytest.mark.usefixtures("many_open_files")
def test_everything_at_once_fits(patient: Target, example: Path) -> None:
    limits = (example / "deploy/proxy/limits.conf").read_text(encoding="utf-8")
    parts = [int(part) for part in re.findall(r"^#   .* (\d+) MiB", limits, re.MULTILINE)]
    each_kib = int(re.findall(r"x (\d+) KiB +(\d+) MiB", limits)[0][0])
    allowed = max(parts)

    with unharmed(patient), ExitStack() as stack:
        docker("exec", patient.proxy.proxy, "sh", "-c", fill("/var/cache/nginx"))
        for _ in range(CONNECTIONS):
            stack.enter_context(patient.open()).sendall(b"G")
        form = form_of(60_000)[:MEBIBYTE]
        for number in range(BODIES):
            headers = {**FORM, **patient.client(1 + number // 4)}
            stack.enter_context(patient.send("POST", "/slow/20", form, headers))
        for number in range(REQUESTS):
            path = f"/bytes/{4 * MEBIBYTE}"
            stack.enter_context(patient.send("GET", path, b"", patient.client(100 + number // 100)))

    assert sum(parts) < MEMORY_MIB
    assert peak_mib(patient.proxy) < sum(parts) - allowed + CONNECTIONS * each_kib / 1024


def fill(folder: str) -> str:
    """Return the command that fills a tmpfs but for its last MiB."""
    return f"dd if=/dev/zero of={folder}/full bs=1M count={TMPFS_MIB[folder] - 1} 2> /dev/null"
