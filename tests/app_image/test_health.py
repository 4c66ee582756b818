"""Docker's opinion of a replica: strict before the first success, patient afterwards."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.app_image import containers
from tests.app_image.containers import HEADERS, Container, Services, seconds_since, wait_for_database
from tests.harness.http import get
from tests.harness.site import Answer

pytestmark = pytest.mark.engine

PSQL = ("psql", "--username=app", "--quiet", "--tuples-only", "--command")
LOCK = "BEGIN; LOCK TABLE django_session; SELECT pg_sleep(120)"
LOCKS = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
END_LOCK = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE query LIKE '%pg_sleep(120)' AND pid <> pg_backend_pid()"
)


def probes(replica: Container, outcome: str) -> int:
    """Count what Docker recorded of its last five probes: exit code, then the first line of the answer."""
    return replica.inspect("{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{end}}").count(outcome)


def unavailable(replica: Container) -> Answer | None:
    """Ask /api/alive; return the answer when it is a 503."""
    answer = replica.get("/api/alive")
    return answer if answer.status == 503 else None


def test_stopped_database_is_reported_and_survived(app: Container, migrated: Services) -> None:
    docker("stop", migrated.database.name)
    try:
        start = time.monotonic()
        # Each of gunicorn's processes keeps its report for a second: look at the answer that was a 503.
        answer = wait_until(lambda: unavailable(app), 2, "a 503 from /api/alive")
        assert seconds_since(start) < 2
        assert answer
        assert answer.json()["checks"] == {"database": "unavailable", "cache": "ok"}
        wait_until(lambda: probes(app, "0 HTTP/1.1 503") >= 4, 30, "four probes that saw the 503")
        assert app.health() == "healthy"
    finally:
        docker("start", migrated.database.name)
        wait_for_database(migrated.database)

    wait_until(lambda: app.get("/api/alive").status == 200, 10, "a 200 from /api/alive")
    assert app.health() == "healthy"


def test_replica_that_no_longer_answers_becomes_unhealthy(app_image: str, migrated: Services) -> None:
    # Quicker than gunicorn, which replaces its hung workers after 30 s.
    options = ("--health-interval=1s", "--health-timeout=2s", "--health-retries=2")
    with containers.app(app_image, migrated, *options) as replica:
        replica.wait_until_healthy()

        # Every process but the first, which accepts no connection itself.
        replica.run("sh", "-c", "kill -STOP -1")

        wait_until(lambda: replica.health() == "unhealthy", 25, "the replica to be unhealthy")


def test_wrong_database_password_never_becomes_healthy(app_image: str, migrated: Services) -> None:
    options = (
        "--env=DATABASE_URI_FILE=",
        "--env=DATABASE_URI=postgres://app:wrong@db:5432/app",
        "--health-start-period=1s",
        "--health-interval=1s",
    )
    with containers.app(app_image, migrated, *options) as replica:
        # A probe of the first second, the start period, does not count.
        wait_until(lambda: replica.health() != "starting", 60, "Docker to have an opinion")

        assert replica.health() == "unhealthy"
        # On a busy machine the first probes get no answer yet.
        wait_until(lambda: probes(replica, "1 HTTP/1.1 503") >= 3, 15, "three probes that saw the 503")
        assert replica.health() == "unhealthy"
        assert replica.get("/api/alive").json()["checks"] == {"database": "unavailable", "cache": "ok"}


def test_query_on_its_way_to_a_machine_that_vanished_gives_its_thread_back(
    app_image: str, migrated: Services
) -> None:
    cookie = f"__Host-sessionid={'a' * 32}"
    headers = HEADERS | {"Cookie": cookie}
    # As long as the lock is held, the query is answered by nothing but the keepalives of the connection.
    with containers.app(app_image, migrated, "--env=DATABASE_LOCK_SECONDS=300") as replica:
        replica.wait_until_healthy()
        with locked_sessions(migrated), ThreadPoolExecutor() as pool:
            request = pool.submit(get, replica.port(), "/admin/login/", headers, timeout=60)
            wait_until(lambda: waiting_for_a_lock(migrated) == "1", 10, "a query that waits")
            with out_of_reach(migrated.database, migrated.network):
                start = time.monotonic()
                status = request.result(60).status
                waited = seconds_since(start)
                # Nor is the health check held up.
                asked = time.monotonic()
                answer = replica.get("/api/alive")

        assert (status, answer.status) == (500, 503)
        assert 5 < waited < 30, f"gave up after {waited:.0f} s"
        assert seconds_since(asked) < 30
        wait_until(lambda: replica.get("/api/alive").status == 200, 30, "the database to be back")
        assert replica.get("/admin/login/", Cookie=cookie).status == 200


@contextmanager
def out_of_reach(database: Container, network: str) -> Iterator[None]:
    """Let a database vanish without a word, as a machine does that loses its power."""
    docker("network", "disconnect", network, database.name)
    try:
        yield
    finally:
        docker("network", "connect", "--alias=db", network, database.name)


@contextmanager
def locked_sessions(services: Services) -> Iterator[None]:
    """Let every query wait that reads a session."""
    try:
        docker("exec", "--detach", services.database.name, *PSQL, LOCK)
        wait_until(lambda: psql(services, f"{LOCKS} AND granted") == "1", 10, "the lock")
        yield
    finally:
        psql(services, END_LOCK)


def waiting_for_a_lock(services: Services) -> str:
    """Count the queries that wait for somebody else's lock."""
    return psql(services, "SELECT count(*) FROM pg_locks WHERE NOT granted")


def psql(services: Services, query: str) -> str:
    return docker("exec", services.database.name, *PSQL, query).stdout.strip()


def test_request_that_waits_for_a_lock_gives_its_thread_back(app_image: str, migrated: Services) -> None:
    cookie = f"__Host-sessionid={'a' * 32}"
    with containers.app(app_image, migrated, "--env=DATABASE_LOCK_SECONDS=2") as replica:
        replica.wait_until_healthy()
        with locked_sessions(migrated):
            answer = replica.get("/admin/login/", Cookie=cookie)
            shown = replica.run("python", "-c", SHOW_LOCK_TIMEOUT)

        assert answer.status == 500
        assert "lock timeout" in replica.logs()
        assert replica.get("/admin/login/", Cookie=cookie).status == 200
        # What migrates is no request.
        assert shown == "0\n"


SHOW_LOCK_TIMEOUT = """
import django; django.setup()
from django.db import connection
cursor = connection.cursor()
cursor.execute("SHOW lock_timeout")
print(*cursor.fetchone())
"""
