"""The production image and what it depends on, under the restrictions that the stack files set."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.docker import docker, unique_name
from lab.wait import wait_until
from tests.harness.http import get
from tests.harness.site import Answer

DOMAIN = "example.com"
HEADERS = {"Host": DOMAIN, "X-Forwarded-Proto": "https"}
PASSWORDS = {"database": "database-password-of-a-test", "cache": "cache-password-of-a-test"}
SECRETS = {
    "secret_key": "secret-key-of-a-test",
    "database_uri": f"postgres://app:{PASSWORDS['database']}@db:5432/app",
    "redis_uri": f"redis://:{PASSWORDS['cache']}@redis:6379/0",
    "cron_api_key": "cron-api-key-of-a-test",
}
RESTRICTIONS = (
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--tmpfs=/tmp:size=16m,mode=1777",
)


@dataclass(frozen=True)
class Container:
    """A container by its name."""

    name: str

    def inspect(self, template: str) -> str:
        """Return what `docker inspect` knows, as the Go template says."""
        return docker("inspect", "--format", template, self.name).stdout.strip()

    def health(self) -> str:
        """Return `starting`, `healthy` or `unhealthy`."""
        return self.inspect("{{.State.Health.Status}}")

    def is_running(self) -> bool:
        """Tell whether its main process is alive."""
        return self.inspect("{{.State.Running}}") == "true"

    def exit_code(self) -> int:
        """Return how its main process ended."""
        return int(self.inspect("{{.State.ExitCode}}"))

    def logs(self) -> str:
        """Return everything that it printed."""
        result = docker("logs", self.name)
        return result.stdout + result.stderr

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command inside and return what it printed."""
        return docker("exec", self.name, *command, check=check).stdout

    def port(self) -> int:
        """Return the port on 127.0.0.1 that leads to port 8000 of the container."""
        return int(docker("port", self.name, "8000").stdout.rpartition(":")[2])

    def get(self, path: str, **headers: str) -> Answer:
        """Ask the app, as the proxy would. Raises OSError when it does not answer."""
        return get(self.port(), path, HEADERS | headers)

    def wait_until_healthy(self, seconds: float = 60) -> None:
        """Return as soon as Docker calls it healthy; fail at once when it ends instead."""

        def healthy() -> bool:
            assert self.is_running(), f"{self.name} ended:\n{self.logs()}"
            return self.health() == "healthy"

        wait_until(healthy, seconds, f"{self.name} to be healthy")


@dataclass(frozen=True)
class Services:
    """A network with a database and a cache in it, and the app's secrets as files."""

    network: str
    database: Container
    cache: Container
    secrets: Path


@contextmanager
def container(*arguments: str, prefix: str) -> Iterator[Container]:
    """Start a container from the arguments of `docker run`; show its log on failure, remove it at the end."""
    this = Container(unique_name(prefix))
    try:
        docker("run", "--detach", f"--name={this.name}", *arguments)
        yield this
    except BaseException:
        print(docker("logs", this.name, check=False))
        raise
    finally:
        docker("rm", "--force", "--volumes", this.name, check=False)


@contextmanager
def network() -> Iterator[str]:
    """Make a network and remove it at the end."""
    name = unique_name("images-network")
    docker("network", "create", name)
    try:
        yield name
    finally:
        docker("network", "rm", name)


@contextmanager
def services(folder: Path) -> Iterator[Services]:
    """Start a database and a cache, both with passwords; write the app's secrets into `folder`."""
    # pytest's folders are its user's own; the app's user has to read this one.
    folder.chmod(0o755)
    for name, value in SECRETS.items():
        (folder / name).write_text(value, encoding="utf-8")
    with (
        network() as name,
        container(
            f"--network={name}",
            "--network-alias=db",
            "--env=POSTGRES_USER=app",
            f"--env=POSTGRES_PASSWORD={PASSWORDS['database']}",
            "postgres:17-trixie",
            prefix="images-db",
        ) as database,
        container(
            f"--network={name}",
            "--network-alias=redis",
            "redis:8-trixie",
            "redis-server",
            "--requirepass",
            PASSWORDS["cache"],
            prefix="images-redis",
        ) as cache,
    ):
        wait_for_database(database)
        yield Services(name, database, cache, folder)


def wait_for_database(database: Container) -> None:
    """Return when PostgreSQL accepts connections from other containers."""
    wait_until(
        lambda: docker("exec", database.name, "pg_isready", "--host=127.0.0.1", check=False).returncode == 0,
        60,
        "PostgreSQL to accept connections",
    )


def app_arguments(image: str, services: Services, *options: str, command: tuple[str, ...] = ()) -> list[str]:
    """Return the arguments of `docker run` for the app. Later options win, so `options` may override."""
    return [
        *RESTRICTIONS,
        f"--network={services.network}",
        "--publish=127.0.0.1::8000",
        f"--volume={services.secrets}:/run/secrets:ro",
        f"--env=DOMAIN={DOMAIN}",
        *(f"--env={name.upper()}_FILE=/run/secrets/{name}" for name in SECRETS),
        *options,
        image,
        *command,
    ]


@contextmanager
def app(image: str, services: Services, *options: str) -> Iterator[Container]:
    """Start one replica of the app."""
    with container(*app_arguments(image, services, *options), prefix="images-app") as this:
        yield this


def seconds_since(start: float) -> float:
    """Return how long ago `start`, a value of time.monotonic(), was."""
    return time.monotonic() - start
