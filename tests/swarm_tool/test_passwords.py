"""Any password that the servers take can be set, and replaced by any other: tried with real servers."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from swarm_tool import database_login, secret
from swarm_tool.environment import Environment
from swarm_tool.outcome import Problem

from lab.docker import address_of, docker, unique_name
from lab.wait import wait_until
from tests.harness.need import skip_or_fail

from .conftest import RecordedDocker

# All signs of ASCII, what looks like a variable or a statement, and letters of several planes.
HOSTILE = r""" :\ '"`$(id)${A}%41%/@#?&+=;,<>[]{}|~^!* $$ ' OR 1=1 -- é e\u0301 ﬁ 👋""" + "\n\tend"
SIGNS = st.one_of(st.sampled_from(HOSTILE), st.characters(exclude_characters="\0", codec="utf-8"))
PASSWORDS = st.text(SIGNS, min_size=1, max_size=40).filter(lambda text: text != text.rstrip("\r\n") + "\n")
# Each example of the servers takes half a second.
EXAMPLES = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def made(docker: RecordedDocker) -> dict[str, str]:
    """Return the secrets that were made: name without stack and version, and value."""
    lines = zip(docker.calls, docker.values, strict=True)
    found = {line.split()[-2]: value for line, value in lines if line.startswith("secret create")}
    return {name.removeprefix("shop_").rpartition("_")[0]: value for name, value in found.items()}


def put(environment: Environment, name: str, value: str, version: int) -> dict[str, str]:
    """Set a secret whose last version is the one before, and return what was made."""
    stand_in = environment.docker
    assert isinstance(stand_in, RecordedDocker)
    stand_in.calls.clear()
    stand_in.values.clear()
    stand_in.answers["secret ls"] = f"shop_{name}_{version - 1}" if version > 1 else ""
    secret.put(environment, name, value)
    return made(stand_in)


@pytest.fixture
def no_engine() -> None:
    """Here the servers run in containers of the real engine."""


@pytest.fixture
def environment(docker: RecordedDocker, environment: Environment) -> Environment:
    """An environment whose stack has the names of the recorded one."""
    docker.answers["stack config"] = docker.answers["stack config"].replace("exampleapp-production", "shop")
    return environment


class Door:
    """Tells whether the app would get in."""

    def __init__(self, python: Path) -> None:
        self.process = subprocess.Popen(
            [python, Path(__file__).with_name("log_in.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip

    def ask(self, **what: str) -> str:
        """Return `in`, or why not."""
        assert self.process.stdin
        assert self.process.stdout
        print(json.dumps(what), file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()


@pytest.fixture(scope="module")
def door(production_python: Path) -> Iterator[Door]:
    """The app's libraries."""
    door = Door(production_python)
    yield door
    door.process.terminate()
    door.process.wait(30)


@dataclass
class Database:
    """A database that database.sql has made, and the version of its password that was set last."""

    container: str
    address: str
    version: int = 1

    def run(self, script: str, value: str, **variables: str) -> None:
        """Run a shell script in the container, with a value on standard input."""
        given = [f"--env={name}={text}" for name, text in variables.items()]
        docker("exec", "--interactive", *given, self.container, "sh", "-c", script, stdin=value)


@pytest.fixture(scope="module")
def database(
    example: Path, base_images: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """PostgreSQL as the stack starts it, with a hostile password from the beginning."""
    name = unique_name("passwords")
    secrets = tmp_path_factory.mktemp("run") / "secrets"
    secrets.mkdir()
    for key in ("database_password", "owner_password", "login_password", "new_password"):
        (secrets / key).write_text(HOSTILE, encoding="utf-8")
        (secrets / key).chmod(0o666)
    options = ["--hostname=db", "--env=POSTGRES_PASSWORD=x", "--env=POSTGRES_INITDB_ARGS=--no-sync"]
    docker("create", f"--name={name}", *options, "postgres:17-trixie", "postgres", "-c", "fsync=off")
    try:
        docker("cp", str(secrets), f"{name}:/run")
        script = example / "deploy/configs/all/database.sql"
        docker("cp", str(script), f"{name}:/docker-entrypoint-initdb.d/database.sql")
        docker("start", name)
        ready = ("exec", name, "pg_isready", "--host=127.0.0.1", "--username=exampleapp")
        wait_until(lambda: docker(*ready, check=False).returncode == 0, 90, "the database")
        yield Database(name, address_of(name))
    finally:
        docker("rm", "--force", "--volumes", name, check=False)


@pytest.mark.engine
@EXAMPLES
@example(new="SCRAM-SHA-256$")
@example(new="md5")
@example(new=HOSTILE)
@example(new="p:w\\d")
@given(new=PASSWORDS)
def test_database_password(database: Database, door: Door, environment: Environment, new: str) -> None:
    if database.version == 1:
        first = put(environment, "database_password", HOSTILE, 1)["database_uri"]
        assert door.ask(kind="postgres", uri=first, address=database.address) == "in"
        wrong = first.replace("end@", "and@")
        assert "authentication failed" in door.ask(kind="postgres", uri=wrong, address=database.address)
        # What the first login makes, the next ones may use; here nothing is made.
    database.version += 1
    current, version = database.version - 1, database.version
    values = put(environment, "database_password", new, version)
    login = secret.login(environment, current)
    # The last one logs in and makes the next. It stays the last one if that fails.
    database.run(
        f"cd /run/secrets; cat > new_password\n{database_login.SCRIPT}\ncp new_password login_password",
        values["database_password"],
        DATABASE="exampleapp",
        LOGIN=login,
        NEW=secret.login(environment, version),
        STATEMENT=database_login.MAKE.format(version=version),
    )

    assert door.ask(kind="postgres", uri=values["database_uri"], address=database.address) == "in"


@pytest.fixture(scope="module")
def cache(base_images: object) -> Iterator[str]:
    """The address of a Redis server that an administrator may tell the app's password."""
    name = unique_name("passwords")
    users = ("admin on >admin ~* &* +@all", "default on >none ~* &* +@all")
    start = "printf 'user %s\\n' \"$@\" | exec redis-server -"
    docker("run", "--detach", f"--name={name}", "redis:8-trixie", "sh", "-c", start, "sh", *users)
    try:
        ready = ("exec", name, "redis-cli", "--user", "admin", "--pass", "admin", "ping")
        wait_until(lambda: "PONG" in docker(*ready, check=False).stdout, 60, "the cache")
        yield address_of(name)
    finally:
        docker("rm", "--force", name, check=False)


@pytest.mark.engine
@EXAMPLES
@example(new=HOSTILE)
@given(new=PASSWORDS)
def test_cache_password(cache: str, door: Door, environment: Environment, new: str) -> None:
    values = put(environment, "redis_password", new, 1)
    # What redis.conf makes of the secret: its `urlquery` is compared with this below.
    password = quote_plus(values["redis_password"])

    assert door.ask(kind="redis", uri=values["redis_uri"], address=cache, set=password) == "in"
    wrong = values["redis_uri"].replace("@redis", "x@redis")
    assert "AuthenticationError" in door.ask(kind="redis", uri=wrong, address=cache)


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(PASSWORDS, min_size=20, max_size=20))
def test_swarm_writes_a_password_as_the_address_has_it(texts: list[str]) -> None:
    """The docker client has the templates of the swarm; what comes out needs no quoting in redis.conf."""
    if not shutil.which("docker"):
        skip_or_fail("there is no docker client, whose templates are those of the swarm")
    literals = ["".join(f"\\U{ord(sign):08x}" for sign in text) for text in texts]
    template = "\n".join(f'{{{{"{literal}" | urlquery}}}}' for literal in literals)

    printed = docker("context", "ls", "--format", template).stdout.splitlines()

    assert printed[: len(texts)] == [quote_plus(text) for text in texts]
    assert all(text.isascii() and not set(text) & set(" \"'\\#") for text in printed)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("database_password", "a\0b", "NUL"),
        ("redis_password", "a\0b", "NUL"),
        ("redis_password", "a\n", "ends with a newline"),
        ("database_password", "x" * 10_001, "10001 characters"),
        ("database_password", f"md5{'0a' * 16}", "takes it for a hash"),
        (
            "database_password",
            f"SCRAM-SHA-256$4096:{'a' * 22}==${'b' * 43}=:{'c' * 43}=",
            "takes it for a hash",
        ),
    ],
)
def test_what_cannot_work_is_refused(environment: Environment, name: str, value: str, what: str) -> None:
    with pytest.raises(Problem) as problem:
        put(environment, name, value, 1)

    assert what in problem.value.why
    assert isinstance(environment.docker, RecordedDocker)
    assert made(environment.docker) == {}
