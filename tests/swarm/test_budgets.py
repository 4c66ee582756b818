"""What a service may use up: filled to the brim it goes on, and the node does too."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote_plus

import pytest

from lab.docker import docker, unique_name
from lab.wait import wait_until
from tests.harness.certificate import make_certificate
from tests.harness.running import inspect
from tests.harness.stack import Stack

pytestmark = pytest.mark.swarm

# Forks until the kernel refuses, keeps what it has for a moment, and ends it.
FORK_BOMB = """
import os, signal, time
children = []
try:
    while len(children) < 2000:
        child = os.fork()
        if not child:
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError as error:
    print(len(children), error.strerror)
time.sleep(3)
for child in children:
    os.kill(child, signal.SIGKILL)
"""


def test_a_fork_bomb_stays_in_its_container(stack: Stack) -> None:
    cron = stack.container("cron")
    (limit,) = (one["HostConfig"]["PidsLimit"] for one in inspect("container", cron))
    with ThreadPoolExecutor() as pool:
        bomb = pool.submit(docker, "exec", cron, "python", "-c", FORK_BOMB)
        wait_until(lambda: len(stack.processes("cron")) > limit - 10, 20, "the bomb")
        answer = stack.site.get("/admin/login/")
        children, _, reason = bomb.result().stdout.strip().partition(" ")

    assert answer.status == 200
    assert int(children) < limit
    assert reason == "Resource temporarily unavailable"
    assert stack.container("cron") == cron


# Of the units that the docker client writes.
MIB = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}

Result = TypeVar("Result")

# Signs that mean something to a shell, to SQL, or to the configuration of Redis.
AWKWARD = """a b"c'd\\e#f$g{{h}}%i:j@k/l?m"""


@pytest.fixture(scope="module")
def staging(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Database and cache alone, with the limits of staging and passwords that want quoting."""
    certificate = make_certificate(tmp_path_factory.mktemp("staging"), "example.com")
    stack = Stack(unique_name("stack"), example, "app:1", "proxy:1", certificate, environment="staging")
    stack.only = ("db", "redis")
    stack.secrets = {"database_password": AWKWARD, "redis_password": AWKWARD}
    try:
        stack.prepare()
        stack.deploy()
        stack.wait_until_healthy()
        yield stack
    except BaseException:
        print(stack.logs())
        raise
    finally:
        stack.remove()


@pytest.fixture(params=["production", "staging"])
def filled(request: pytest.FixtureRequest) -> Stack:
    """The stack whose services are filled up."""
    stack: Stack = request.getfixturevalue({"production": "stack"}.get(request.param, request.param))
    return stack


def test_any_password_will_do(staging: Stack) -> None:
    ping = ("exec", f"--env=REDISCLI_AUTH={redis_password(staging)}", staging.container("redis"))
    login = 'PGPASSWORD="$(cat /run/secrets/database_password)" psql -h 127.0.0.1 -U exampleapp -c "SELECT 1"'

    assert docker(*ping, "redis-cli", "ping").stdout == "PONG\n"
    # On its own address a server trusts nobody.
    login = login.replace("127.0.0.1", staging.addresses("db")[0])
    assert "(1 row)" in docker("exec", staging.container("db"), "sh", "-c", login).stdout


# Each connection keeps a sort in memory, and the rest of it on disk, while all others do the same.
EVERY_CONNECTION = """
BEGIN;
DECLARE sorted CURSOR FOR SELECT g, md5(g::text) FROM generate_series(1, 50000) g ORDER BY 2;
FETCH 1 FROM sorted;
\\sleep 5 s
COMMIT;
"""
# Connections that are left to the health check, to whoever looks, and to the superuser.
LEFT_FREE = 6


def test_database_with_all_its_connections_at_work(filled: Stack, figure: Callable[[str], None]) -> None:
    container = filled.container("db")
    filled.sql("CREATE EXTENSION pg_prewarm")
    filled.sql("CREATE UNLOGGED TABLE filler AS SELECT repeat('x', 1000) FROM generate_series(1, 150000)")
    filled.sql("SELECT pg_prewarm('filler')")
    most = int(filled.sql("SHOW max_connections"))
    used = int(filled.sql("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    options = f"--no-vacuum --transactions=1 --jobs=4 --client={most - used - LEFT_FREE} --username=postgres"
    pgbench = f"printf '%s' \"$SCRIPT\" | pgbench {options} --file=- exampleapp"
    try:
        command = ("exec", f"--env=SCRIPT={EVERY_CONNECTION}", container, "sh", "-c", pgbench)
        done, memory = most_memory(container, lambda: docker(*command, check=False))
    finally:
        filled.sql("DROP TABLE filler")
        filled.sql("DROP EXTENSION pg_prewarm")

    limit = memory_limit(container)
    figure(f"PostgreSQL in {filled.environment}, {most} connections at work: {memory} MiB of {limit}")
    assert "number of failed transactions: 0" in done.stdout, done
    assert_survived(filled, "db", container)


def test_cache_that_is_filled_again_and_again(filled: Stack, figure: Callable[[str], None]) -> None:
    """With values of other sizes each time, for which the memory of the old ones is of little use."""
    container = filled.container("redis")
    kept = docker("exec", container, "printenv", "REDIS_MAXMEMORY").stdout.strip()
    size_of_all = 2 * int(kept.removesuffix("mb")) * 2**20
    login = ("exec", f"--env=PASSWORD={redis_password(filled)}", container)
    fill = "; ".join(
        'redis-benchmark -a "$PASSWORD" -q -c 20 -P 4 -t set -r 10000000 '
        f"-d {size} -n {size_of_all // (size + 100)}"
        for size in (100, 3_000, 100_000)
    )
    _, memory = most_memory(container, lambda: docker(*login, "sh", "-c", fill))

    limit = memory_limit(container)
    figure(f"Redis in {filled.environment}, kept to {kept}: {memory} MiB of {limit}")
    assert_survived(filled, "redis", container)


def redis_password(stack: Stack) -> str:
    """Return the password as Redis has it: written like a part of an address, as redis.conf says."""
    return quote_plus(stack.secrets["redis_password"])


def most_memory(container: str, work: Callable[[], Result]) -> tuple[Result, int]:
    """Return what `work` returns, and the most MiB that the container had meanwhile, without cached files."""
    most = 0.0
    ask = ("stats", "--no-stream", "--format={{.MemUsage}}", container)
    with ThreadPoolExecutor() as pool:
        working = pool.submit(work)
        while not working.done():
            # Such as 97.5MiB; 0B while it is not known.
            used = docker(*ask).stdout.split()[0]
            number, unit = used[:-3], used[-3:]
            most = max(most, float(number) * MIB[unit] if unit in MIB else 0)
        return working.result(), round(most)


def memory_limit(container: str) -> int:
    """Return the MiB that a container may use."""
    (described,) = inspect("container", container)
    return int(described["HostConfig"]["Memory"]) // 2**20


def assert_survived(stack: Stack, service: str, container: str) -> None:
    """Check that the container still runs and that the kernel has ended none of its processes."""
    (described,) = inspect("container", container)

    assert stack.containers(service) == [container]
    assert described["State"]["Running"]
    assert not described["State"]["OOMKilled"]
    assert "terminated by signal 9" not in docker("logs", container).stderr
