"""How soon one replica is healthy, what it keeps in memory, and how many requests it answers."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from lab.docker import docker, unique_name
from tests.app_image import containers
from tests.app_image.containers import HEADERS, Container, Services
from tests.bench.figure import Figure

STARTS = 3
REQUESTS = 1000
SECONDS = 10
MEBIBYTE = 2**20
UNITS = {"KiB": 2**10, "MiB": MEBIBYTE, "GiB": 2**30}


def measure_start(image: str, services: Services) -> Figure:
    """Start replicas one after the other; take the median of the time until Docker calls them healthy."""
    return Figure(
        "container start to healthy",
        median(seconds_to_healthy(image, services) for _ in range(STARTS)),
        "s",
        f"docker run --detach ... {image}; docker inspect --format '{{{{.State.Health.Status}}}}'"
        f"   # median of {STARTS}",
        at_most=3,
    )


def seconds_to_healthy(image: str, services: Services) -> float:
    """Return how long one replica takes, `docker run` included."""
    start = time.monotonic()
    with containers.app(image, services) as replica:
        replica.wait_until_healthy()
        return round(time.monotonic() - start, 2)


def measure_service(image: str, services: Services) -> list[Figure]:
    """Load one replica with its default number of workers."""
    with load_generator() as wrk, containers.app(image, services) as replica:
        replica.wait_until_healthy()
        for _ in range(REQUESTS):
            replica.get("/")
        memory = Figure(
            f"memory after {REQUESTS} requests",
            memory_of(replica),
            "MiB",
            "docker stats --no-stream --format '{{.MemUsage}}' ...",
            at_most=150,
        )
        style_sheet = re.findall(r"/static/build/main\.\w+\.css", replica.get("/").text)[0]
        return [
            memory,
            throughput(wrk, replica, "/", at_least=1200),
            throughput(wrk, replica, "/api/alive"),
            throughput(wrk, replica, style_sheet),
            Figure(
                "memory after the load above",
                memory_of(replica),
                "MiB",
                "docker stats --no-stream --format '{{.MemUsage}}' ...",
                at_most=150,
            ),
        ]


def memory_of(replica: Container) -> float:
    """Return the memory of all processes in a container, page cache left out, in MiB."""
    usage = docker("stats", "--no-stream", "--format", "{{.MemUsage}}", replica.name).stdout
    number, unit = re.findall(r"^([\d.]+)(\w+) /", usage)[0]
    return round(float(number) * UNITS[unit] / MEBIBYTE, 1)


def throughput(wrk: str, replica: Container, path: str, at_least: float | None = None) -> Figure:
    """Ask for one path over 32 connections and count the answers a second; fail when one is an error."""
    headers = [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]
    command = ["-t2", "-c32", f"-d{SECONDS}s", *headers, f"http://127.0.0.1:8000{path}"]
    report = docker("run", "--rm", f"--network=container:{replica.name}", wrk, *command).stdout
    assert "Non-2xx" not in report, report
    rate = re.findall(r"Requests/sec:\s+([\d.]+)", report)[0]
    shown = " ".join(["wrk", *(f"'{part}'" if " " in part else part for part in command)])
    return Figure(f"requests/s on {path}", round(float(rate)), "/s", shown, at_least=at_least)


@contextmanager
def load_generator() -> Iterator[str]:
    """Build the image with wrk in it; remove it at the end."""
    tag = unique_name("bench-load")
    docker("build", f"--tag={tag}", str(Path(__file__).with_name("load")))
    try:
        yield tag
    finally:
        docker("image", "rm", tag)
