"""A fresh checkout of the rendered project, as a developer has it, and its containers."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.command import run
from lab.docker import docker, unique_name
from lab.ports import free_port
from tests.harness.bake import bake
from tests.harness.clone import GIT_ENVIRONMENT, commit, git

PORTS = ("APP_PORT", "HTTPS_PORT", "STATIC_PORT", "DB_PORT", "REDIS_PORT")
# The first user of most machines, and the default of docker-compose.yml.
DEVELOPER = 1000


@dataclass(frozen=True)
class Checkout:
    """A checkout: where it is, whom it belongs to, and what its containers are called."""

    folder: Path
    owner: int
    name: str
    ports: Mapping[str, int]

    def compose(self, *arguments: str, check: bool = True) -> str:
        """Run docker compose in the checkout and return all that it printed."""
        environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": self.name,
            **{variable: str(port) for variable, port in self.ports.items()},
        }
        result = run(["docker", "compose", *arguments], cwd=self.folder, env=environment, check=check)
        return result.stdout + result.stderr

    def status(self) -> str:
        """Return what git finds changed or new, one file a line."""
        # The checkout may belong to somebody else than the user who runs the tests: git then needs
        # permission to read it, and must not refresh its index, which would become ours.
        command = [
            "git",
            "-c",
            f"safe.directory={self.folder}",
            "status",
            "--porcelain",
            "--untracked-files=all",
        ]
        environment = {**GIT_ENVIRONMENT, "GIT_OPTIONAL_LOCKS": "0"}
        return run(command, cwd=self.folder, env=environment).stdout

    def strangers(self) -> list[str]:
        """Return the files and folders that belong to somebody else than the owner."""
        everything = [self.folder, *self.folder.rglob("*")]
        return [str(path) for path in everything if path.lstat().st_uid != self.owner]

    def left_over(self) -> str:
        """Return the names of the containers, networks and volumes that exist."""
        mine = f"--filter=label=com.docker.compose.project={self.name}"
        return (
            docker("ps", "--all", "--quiet", mine).stdout
            + docker("network", "ls", "--quiet", mine).stdout
            + docker("volume", "ls", "--quiet", mine).stdout
        )


@contextmanager
def checkout(folder: Path, owner: int | None = None) -> Iterator[Checkout]:
    """Make a checkout below `folder`; take its containers and images away at the end.

    It belongs to uid `owner`: without one to the developer, or to whom the tests run as when they may
    not give files away.
    """
    if owner is None:
        owner = DEVELOPER if os.getuid() == 0 else os.getuid()
    project = bake(folder)
    git(project, "init", "--quiet")
    commit(project, "Start")
    if owner not in (0, DEVELOPER):
        (project / ".env").write_text(f"UID={owner}\nGID={os.getgid()}\n", encoding="utf-8")
    for path in (project, *project.rglob("*")):
        os.chown(path, owner, owner if os.getuid() == 0 else -1, follow_symlinks=False)
    this = Checkout(project, owner, unique_name("images-compose"), {name: free_port() for name in PORTS})
    try:
        yield this
    except BaseException:
        print(this.compose("logs", check=False))
        raise
    finally:
        this.compose("--profile=https", "down", "--volumes", "--rmi=local", "--timeout=5", check=False)
