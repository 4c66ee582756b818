"""Things die; the site comes back without a hand. How long it took is printed at the end of the run."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.harness.outage import watch
from tests.harness.running import inspect
from tests.harness.site import Site
from tests.harness.stack import Stack

pytestmark = pytest.mark.swarm

Figure = Callable[[str], None]

PAGE = "/"


@pytest.fixture(autouse=True)
def _after_the_last_death(stack: Stack) -> None:
    stack.wait_until_known()


# The login page looks up the visitor's session, in the cache and then in the database.
LOGIN = "/admin/login/"


def visitor(site: Site) -> Site:
    """Return the site for somebody with a cookie of a session that has ended."""
    return replace(site, defaults={"Cookie": f"__Host-sessionid={'a' * 32}"})


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)


def main_process(container: str) -> int:
    """Return the process that the container consists of, as this machine counts."""
    pid: int = inspect("container", container)[0]["State"]["Pid"]
    return pid


def wait_for_a_new_container(stack: Stack, service: str, old: list[str]) -> float:
    """Wait until a service is whole without one of its old containers; return the seconds that took."""
    began = time.monotonic()
    wait_until(lambda: set(old) - set(stack.containers(service)), 30, f"the end of a container of {service}")
    stack.wait_until_healthy()
    return time.monotonic() - began


def test_killed_gunicorn_master(stack: Stack, site: Site, figure: Figure) -> None:
    containers = stack.containers("app")
    (master,) = children(main_process(containers[0]))
    with watch(site, PAGE) as seen:
        kill(master)
        seconds = wait_for_a_new_container(stack, "app", containers)

    figure(f"gunicorn's master killed: {seen}; both replicas healthy after {seconds:.1f} s")
    assert not seen.failed


def test_killed_gunicorn_worker(stack: Stack, site: Site) -> None:
    """gunicorn replaces it, the container stays."""
    containers = stack.containers("app")
    (master,) = children(main_process(containers[0]))
    workers = children(master)
    with watch(site, PAGE) as seen:
        kill(workers[0])
        wait_until(lambda: len(set(children(master)) - set(workers)) == 1, 20, "a new worker")

    assert not seen.failed
    assert stack.containers("app") == containers


def test_killed_task_of_the_app(stack: Stack, site: Site, figure: Figure) -> None:
    containers = stack.containers("app")
    with watch(site, PAGE) as seen:
        docker("kill", "--signal=KILL", containers[0])
        seconds = wait_for_a_new_container(stack, "app", containers)

    figure(f"task of the app killed: {seen}; both replicas healthy after {seconds:.1f} s")
    assert not seen.failed


def test_killed_nginx(stack: Stack, site: Site, figure: Figure) -> None:
    containers = stack.containers("proxy")
    with watch(site, PAGE) as seen:
        kill(main_process(containers[0]))
        wait_for_a_new_container(stack, "proxy", containers)
        wait_until(seen.is_back, 30, "the site")

    figure(f"nginx killed: {seen}")
    # The host's ports have one owner, so there is a gap; it must not be there for long.
    assert seen.failed


def test_killed_nginx_worker(stack: Stack, site: Site) -> None:
    """nginx replaces it, the container stays."""
    containers = stack.containers("proxy")
    master = main_process(containers[0])
    before = children(master)
    kill(before[0])
    wait_until(lambda: len(set(children(master)) - set(before)) == 1, 20, "a new worker")

    assert site.get(PAGE).status == 200
    assert stack.containers("proxy") == containers


def test_killed_redis(stack: Stack, site: Site, figure: Figure) -> None:
    containers = stack.containers("redis")
    with watch(visitor(site), LOGIN) as seen:
        kill(main_process(containers[0]))
        seconds = wait_for_a_new_container(stack, "redis", containers)
        wait_until(seen.is_back, 30, "the site")

    figure(f"Redis killed: {seen}; Redis healthy after {seconds:.1f} s")


@pytest.fixture
def rows(stack: Stack) -> Iterator[Callable[[], int]]:
    """A table with a committed row, and how many rows it has."""
    stack.sql("CREATE TABLE IF NOT EXISTS kept (id serial PRIMARY KEY); INSERT INTO kept DEFAULT VALUES")
    yield lambda: int(stack.sql("SELECT count(*) FROM kept"))
    stack.sql("DROP TABLE kept")


def test_killed_postgresql(stack: Stack, site: Site, rows: Callable[[], int], figure: Figure) -> None:
    committed = rows()
    containers = stack.containers("db")
    apps = started(stack)
    with watch(visitor(site), LOGIN) as seen:
        kill(main_process(containers[0]))
        seconds = wait_for_a_new_container(stack, "db", containers)
        wait_until(seen.is_back, 60, "the site")

    figure(f"PostgreSQL killed: {seen}; PostgreSQL healthy after {seconds:.1f} s")
    assert rows() == committed
    assert started(stack) == apps


def test_database_away_for_90_seconds(
    stack: Stack, site: Site, rows: Callable[[], int], figure: Figure
) -> None:
    """No replica of the app is restarted: that would cure nothing, and take the rest of the site away."""
    committed = rows()
    apps = started(stack)
    with watch(visitor(site), LOGIN) as seen:
        scale(stack, "db", 0)
        wait_until(lambda: not stack.containers("db"), 30, "the end of PostgreSQL")
        away_until = time.monotonic() + 90
        while time.monotonic() < away_until:
            assert started(stack) == apps
            assert checks(site)["database"] == "unavailable"
            time.sleep(5)
        scale(stack, "db", 1)
        stack.wait_until_healthy()
        back = time.monotonic()
        wait_until(lambda: checks(site)["database"] == "ok", 30, "the database, as the app sees it")
        wait_until(seen.is_back, 30, "the site")
        seconds = time.monotonic() - back

    figure(f"PostgreSQL stopped for 90 s: {seen}; the site was back {seconds:.1f} s after PostgreSQL")
    assert seen.failed
    assert started(stack) == apps
    assert rows() == committed


def started(stack: Stack) -> list[tuple[str, str]]:
    """Return the replicas of the app and when each was started: neither changes unless one is restarted."""
    return [(one["Id"], one["State"]["StartedAt"]) for one in inspect("container", *stack.containers("app"))]


def checks(site: Site) -> dict[str, str]:
    """Return what /api/alive says of the database and the cache."""
    found: dict[str, str] = site.get("/api/alive").json()["checks"]
    return found


def scale(stack: Stack, service: str, replicas: int) -> None:
    docker("service", "scale", "--detach", f"{stack.name}_{service}={replicas}")


def children(process: int) -> list[int]:
    """Return the processes that a process of this machine has started and that still run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        # One that ends while we look was not what we look for.
        with suppress(OSError):
            if f"\nPPid:\t{process}\n" in status.read_text():
                found.append(int(status.parent.name))
    return sorted(found)
