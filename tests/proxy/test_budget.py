"""The sum in limits.conf: what is counted there fits into the memory that the stack gives."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.harness.proxied import MEMORY_MIB, TMPFS_MIB

MEBIBYTE = 1024 * 1024


def service(example: Path, file: str) -> dict[str, Any]:
    loaded = yaml.safe_load((example / "deploy" / file).read_text(encoding="utf-8"))
    proxy: dict[str, Any] = loaded["services"]["proxy"]
    return proxy


def number(example: Path, name: str, pattern: str) -> int:
    """Return the number that a pattern finds in one of the proxy's files."""
    (found,) = {
        match[1]
        for path in example.rglob(name)
        for match in re.finditer(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    return int(found)


def test_the_parts_are_less_than_the_whole(example: Path) -> None:
    limits = (example / "deploy/proxy/limits.conf").read_text(encoding="utf-8")
    parts = [int(part) for part in re.findall(r"^#   .* (\d+) MiB", limits, re.MULTILINE)]

    assert len(parts) == 7
    assert sum(parts) < MEMORY_MIB


def test_the_stack_gives_what_the_sum_says(example: Path) -> None:
    for overlay in ("stack.production.yml", "stack.staging.yml"):
        memory = service(example, overlay)["deploy"]["resources"]["limits"]["memory"]
        assert memory == f"${{PROXY_MEMORY:-{MEMORY_MIB}M}}"
    volumes = service(example, "stack.yml")["volumes"]
    given = {volume["target"]: volume["tmpfs"]["size"] for volume in volumes if volume["type"] == "tmpfs"}
    configuration = given.pop("/etc/nginx")
    assert configuration == MEBIBYTE
    assert given == {path: size * MEBIBYTE for path, size in TMPFS_MIB.items()}


def test_what_is_let_in_fits_into_its_place(example: Path) -> None:
    bodies = number(example, "site.conf", r"^    limit_conn bodies (\d+);")
    body = number(example, "limits.conf", r"^client_max_body_size (\d+)m;")
    cache = number(example, "nginx.conf", r"^    proxy_cache_path .* max_size=(\d+)m")

    assert bodies * body < TMPFS_MIB["/tmp"]  # noqa: S108
    assert cache < TMPFS_MIB["/var/cache/nginx"]
    # Of each thing that is kept small, what is kept small is what fits into memory without a file.
    assert number(example, "site.conf", r"^ +client_max_body_size (\d+)k;") <= number(
        example, "limits.conf", r"^client_body_buffer_size (\d+)k;"
    )


def test_the_sum_counts_what_nginx_allows(example: Path) -> None:
    limits = (example / "deploy/proxy/limits.conf").read_text(encoding="utf-8")
    connections = number(example, "nginx.conf", r"^    worker_connections (\d+);")
    workers = number(example, "nginx.conf", r"^worker_processes (\d+);")
    requests = number(example, "site.conf", r"^    limit_conn requests (\d+);")
    bodies = number(example, "site.conf", r"^    limit_conn bodies (\d+);")
    spooled = number(example, "nginx.conf", r"^    proxy_max_temp_file_size (\d+)m;")

    assert f"{workers} workers x {connections:,} worker_connections" in limits
    assert f'{requests} "requests" x 36 KiB' in limits
    assert f'{bodies} "bodies" x client_max_body_size' in limits
    assert f'{bodies} "bodies" x 1 MiB' in limits
    assert f'{requests} "requests" x {spooled} MiB' in limits


def test_gunicorn_accepts_what_the_proxy_passes_on(example: Path) -> None:
    line = number(example, "limits.conf", r"^large_client_header_buffers \d+ (\d+);")

    # The name of the method and the version come on top when a client speaks HTTP/2.
    assert line + 100 <= number(example, "gunicorn.conf.py", r"^limit_request_line = (\d+)$")
    assert line <= number(example, "gunicorn.conf.py", r"^limit_request_field_size = (\d+)$")
