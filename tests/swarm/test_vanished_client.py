"""A machine that is gone says no goodbye: what it held in the database must not be held for long."""

import time
from collections.abc import Callable, Iterator

import pytest

from lab.command import run
from lab.docker import docker
from lab.wait import wait_until
from tests.harness.stack import Stack

pytestmark = pytest.mark.swarm

# Locks a row, then stays in the middle of a transaction, or of a statement.
CLIENT = """
import psycopg2, sys, time
row, statement = sys.argv[1:]
connection = psycopg2.connect(open("/run/secrets/database_uri").read(), application_name=f"client {row}")
cursor = connection.cursor()
cursor.execute("SELECT FROM held WHERE id = %s FOR UPDATE", [row])
cursor.execute(statement)
time.sleep(600)
"""
STATEMENTS = {1: "SELECT 1", 2: "SELECT pg_sleep(600)"}
CLIENTS = "FROM pg_stat_activity WHERE application_name LIKE 'client %'"
# 20 seconds by deploy/stack.yml, and as much again for a busy machine.
LONGEST_SECONDS = 40


@pytest.fixture(autouse=True)
def _held(stack: Stack) -> Iterator[None]:
    """A table of the app's with a row for each client."""
    stack.sql("CREATE TABLE held (id integer); INSERT INTO held VALUES (1), (2)")
    stack.sql("ALTER TABLE held OWNER TO exampleapp")
    yield
    stack.sql("DROP TABLE held")


def test_locks_of_a_vanished_client_are_gone_within_seconds(
    stack: Stack, figure: Callable[[str], None]
) -> None:
    container = stack.container("cron")
    for row, statement in STATEMENTS.items():
        docker("exec", "--detach", container, "python", "-c", CLIENT, str(row), statement)
    states = f"SELECT string_agg(state, ', ' ORDER BY application_name) {CLIENTS}"
    wait_until(lambda: stack.sql(states) == "idle in transaction, active", 20, "both clients")
    try:
        cut_off(stack)
        began = time.monotonic()
        wait_until(lambda: stack.sql(f"SELECT count(*) {CLIENTS}") == "0", LONGEST_SECONDS, "their end")
        seconds = time.monotonic() - began
        # Fails when anybody still has the lock.
        free = stack.sql("SELECT id FROM held FOR UPDATE NOWAIT").split()
    finally:
        docker("rm", "--force", container)

    figure(f"PostgreSQL gave up the transactions of a client that had vanished after {seconds:.0f} s")
    assert free == ["1", "2"]


def cut_off(stack: Stack) -> None:
    """Take the scheduler's container off all of its networks, as if its node had lost power."""
    (process, *_) = stack.processes("cron")
    enter = ["nsenter", f"--net={process}/ns/net", "ip"]
    for line in run([*enter, "-oneline", "link", "show", "up"]).stdout.splitlines():
        device = line.split(": ")[1].partition("@")[0]
        if device != "lo":
            run([*enter, "link", "set", device, "down"])
