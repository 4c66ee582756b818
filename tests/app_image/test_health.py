"""Docker's opinion of a replica: strict before the first success, patient afterwards."""

import time

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.app_image import containers
from tests.app_image.containers import Container, Services, seconds_since, wait_for_database
from tests.harness.site import Answer

pytestmark = pytest.mark.engine


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
        assert probes(replica, "1 HTTP/1.1 503") >= 3
        assert replica.get("/api/alive").json()["checks"] == {"database": "unavailable", "cache": "ok"}


def test_request_that_waits_for_a_lock_gives_its_thread_back(app_image: str, migrated: Services) -> None:
    psql = ("psql", "--username=app", "--quiet", "--tuples-only", "--command")
    lock = "BEGIN; LOCK TABLE django_session; SELECT pg_sleep(60)"
    cookie = f"__Host-sessionid={'a' * 32}"
    with containers.app(app_image, migrated, "--env=DATABASE_LOCK_SECONDS=2") as replica:
        replica.wait_until_healthy()
        try:
            docker("exec", "--detach", migrated.database.name, *psql, lock)
            granted = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
            wait_until(
                lambda: docker("exec", migrated.database.name, *psql, granted).stdout.strip() == "1",
                10,
                "the lock",
            )
            answer = replica.get("/admin/login/", Cookie=cookie)
            shown = replica.run("python", "-c", SHOW_LOCK_TIMEOUT)
        finally:
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'"
            docker("exec", migrated.database.name, *psql, f"{end} AND pid <> pg_backend_pid()")

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
