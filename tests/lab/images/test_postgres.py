"""What the project may count on in PostgreSQL's image, and what it may not."""

import pytest

from lab.docker import address_of, docker
from lab.wait import wait_until
from tests.lab.images.conftest import Start
from tests.lab.images.container import configuration, exit_code, has_ended, output_of

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]

IMAGE = "postgres:17-trixie"
# What these tests write need not survive a power cut.
NEW = ("--env", "POSTGRES_PASSWORD=right", "--env", "POSTGRES_INITDB_ARGS=--no-sync")
# Ample for a busy machine: on an idle one it takes 4 s.
READY_SECONDS = 90


def wait_for(container: str) -> None:
    """Waits until the server answers over TCP, which it does when all is set up."""

    def answers() -> bool:
        assert not has_ended(container), output_of(container)
        # With a user name: a container's user need not have one, and the client would look it up.
        probe = ["pg_isready", "-h", "127.0.0.1", "-U", "postgres"]
        return docker("exec", container, *probe, check=False).returncode == 0

    wait_until(answers, READY_SECONDS, "the database")


def query(container: str, sql: str, user: str = "postgres", database: str = "postgres") -> str:
    return docker("exec", container, "psql", "-U", user, "-d", database, "-Atc", sql).stdout.strip()


def refusal(start: Start, *options: str) -> str:
    """Returns what the container says that does not come up."""
    database = start(IMAGE, *options)
    wait_until(lambda: has_ended(database), READY_SECONDS, "the end of the container")
    assert exit_code(database) == 1
    return output_of(database)


def test_configuration() -> None:
    assert configuration(IMAGE, "StopSignal") == "SIGINT"
    assert configuration(IMAGE, "Volumes") == "map[/var/lib/postgresql/data:{}]"
    assert configuration(IMAGE, "ExposedPorts") == "map[5432/tcp:{}]"
    assert "PGDATA=/var/lib/postgresql/data" in configuration(IMAGE, "Env")
    assert "LANG=en_US.utf8" in configuration(IMAGE, "Env")


def test_it_refuses_to_start_without_a_password(start: Start) -> None:
    assert "superuser password is not specified" in refusal(start)


def test_an_empty_password_is_none(start: Start) -> None:
    assert "superuser password is not specified" in refusal(start, "--env", "POSTGRES_PASSWORD=")


@pytest.mark.parametrize("name", ["PASSWORD", "USER", "DB", "INITDB_ARGS"])
def test_a_value_and_its_file_exclude_each_other(start: Start, name: str) -> None:
    both = ["--env", f"POSTGRES_{name}=a", "--env", f"POSTGRES_{name}_FILE=/etc/hostname"]

    message = refusal(start, *(NEW if name != "PASSWORD" else ()), *both)

    assert f"both POSTGRES_{name} and POSTGRES_{name}_FILE are set" in message


def test_a_file_that_is_not_there_is_an_error(start: Start) -> None:
    assert "/run/secrets/none" in refusal(start, "--env", "POSTGRES_PASSWORD_FILE=/run/secrets/none")


def test_values_from_files(start: Start) -> None:
    names = ("PASSWORD", "USER", "DB", "INITDB_ARGS")
    options = [word for name in names for word in ("--env", f"POSTGRES_{name}_FILE=/run/{name}")]
    files = {"/run/PASSWORD": "right\n", "/run/USER": "shop", "/run/DB": "goods"}
    database = start(IMAGE, *options, files=files | {"/run/INITDB_ARGS": "--data-checksums"})
    wait_for(database)

    assert query(database, "SELECT current_user, current_database()", "shop", "goods") == "shop|goods"
    assert query(database, "SHOW data_checksums", "shop", "goods") == "on"
    assert login(database, "right") == "shop"
    assert "password authentication failed" in login(database, "wrong")


def login(database: str, password: str) -> str:
    """Logs in from another container; the server's own trusts everybody."""
    command = ["psql", "-h", address_of(database), "-U", "shop", "-d", "goods", "-Atc", "SELECT current_user"]
    result = docker("run", "--rm", "--env", f"PGPASSWORD={password}", IMAGE, *command, check=False)
    return (result.stdout or result.stderr).strip()


def test_started_as_root_it_steps_down_and_owns_its_data(start: Start) -> None:
    database = start(IMAGE, *NEW)
    wait_for(database)

    inside = ["exec", database, "stat", "-c", "%u:%g %a"]
    assert docker(*inside, "/proc/1").stdout == "999:999 555\n"
    assert docker(*inside, "/var/lib/postgresql/data").stdout == "999:999 700\n"


def test_stepping_down_takes_the_documented_capabilities_only(start: Start) -> None:
    needed = ("CHOWN", "SETUID", "SETGID", "DAC_OVERRIDE", "FOWNER")
    database = start(IMAGE, *NEW, "--cap-drop=ALL", *(f"--cap-add={name}" for name in needed))

    wait_for(database)


def test_as_its_own_user_it_needs_no_capability_and_no_writable_root(start: Start) -> None:
    database = start(
        IMAGE, *NEW, "--user=999:999", "--cap-drop=ALL", "--read-only",
        "--tmpfs=/tmp", "--tmpfs=/var/run/postgresql:uid=999,gid=999",
    )  # fmt: skip

    wait_for(database)


def test_a_user_without_a_name_can_own_the_database(start: Start) -> None:
    database = start(
        IMAGE,
        *NEW,
        "--user=12345:12345",
        "--tmpfs=/var/lib/postgresql/data:uid=12345,gid=12345,mode=0700",
    )

    wait_for(database)


def test_first_scripts_run_once_and_before_the_server_listens(start: Start) -> None:
    database = start(
        IMAGE,
        *NEW,
        files={
            "/docker-entrypoint-initdb.d/1.sql": "CREATE TABLE log (line text);",
            "/docker-entrypoint-initdb.d/2.sh": (
                "#!/bin/sh\n"
                "pg_isready && psql -c \"INSERT INTO log VALUES ('on the socket')\"\n"
                "pg_isready -h 127.0.0.1 && psql -c \"INSERT INTO log VALUES ('over TCP')\"\n"
                "exit 0\n"
            ),
        },
    )
    wait_for(database)
    docker("restart", database)
    wait_for(database)

    assert query(database, "SELECT line FROM log") == "on the socket"


def test_a_failing_first_script_ends_it(start: Start) -> None:
    database = start(IMAGE, *NEW, files={"/docker-entrypoint-initdb.d/1.sql": "SELECT nonsense;"})
    wait_until(lambda: has_ended(database), READY_SECONDS, "the end of the container")

    assert exit_code(database) != 0
    assert 'column "nonsense" does not exist' in output_of(database)


def test_it_stops_at_once_although_clients_are_connected(start: Start) -> None:
    database = start(IMAGE, *NEW)
    wait_for(database)
    docker("exec", "--detach", database, "psql", "-U", "postgres", "-c", "SELECT pg_sleep(600)")
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND pid <> pg_backend_pid()"
    )
    wait_until(lambda: query(database, waiting) == "1", 30, "the client")

    # It would be killed after the grace period, and say so with 137.
    docker("stop", "--time=60", database)

    assert exit_code(database) == 0
    assert "received fast shutdown request" in output_of(database)


def test_options_are_for_the_server_and_the_encoding_is_unicode(start: Start) -> None:
    database = start(IMAGE, *NEW, command=("-c", "max_connections=7"))
    wait_for(database)

    assert query(database, "SHOW max_connections") == "7"
    assert query(database, "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database LIMIT 1") == (
        "en_US.utf8|UTF8"
    )
