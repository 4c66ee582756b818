"""docs/migrating.md, followed with a small project that lives on a server of its own."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.command import run
from lab.docker import docker, unique_name
from lab.ports import free_port
from lab.wait import wait_until
from tests.docs.console import follow, steps
from tests.docs.renamed import renamed
from tests.harness.clone import GIT_ENVIRONMENT, clone_template, commit, git
from tests.harness.running import remove

pytestmark = pytest.mark.swarm

POSTGRES = "postgres:17-trixie"
PSQL = ("psql", "--quiet", "--set=ON_ERROR_STOP=1", "--username=legacy", "legacy")
LEGACY = Path(__file__).with_name("legacy")
# A guest whom a job has to remind, with a password that has to work after the move.
DATA = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from rooms.models import Booking, Room

ada = User.objects.create_user("ada", "ada@example.com", "an old password")
for name in ("Blue room", "Green room"):
    room = Room.objects.create(name=name)
Booking.objects.create(room=Room.objects.first(), guest=ada, day=timezone.localdate() + timedelta(days=1))
"""


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, str]]:
    """What this run says instead of the page's names and ports; all that was made under them is removed."""
    stack = unique_name("moved")
    yield {"bookings-laptop": stack, "8080": str(free_port()), "8443": str(free_port())}
    remove(stack)
    for image in ("app:one", "proxy:1"):
        docker("image", "rm", f"{stack}/{image}", check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, example_python: Path) -> Path:
    """A folder with the template, the old site with its data, and a clone of its code as `bookings`."""
    folder = tmp_path_factory.mktemp("move")
    clone_template(folder / "swarm-django")
    old = folder / "old"
    clone = folder / "bookings"
    for copy in (old, clone):
        shutil.copytree(LEGACY, copy)
        # It saves installing the same packages once more.
        (copy / ".venv").symlink_to(example_python.parents[1])
    manage(old, "migrate", "--verbosity=0")
    manage(old, "shell", "--verbosity=0", "--command", DATA)
    git(clone, "init", "--quiet", "--initial-branch", "main")
    (clone / ".git" / "info" / "exclude").write_text("/.venv\n__pycache__/\n", encoding="utf-8")
    commit(clone, "Start")
    return folder


@pytest.fixture(scope="module")
def page(names: dict[str, str]) -> str:
    """The page, with the names of this run."""
    return renamed("migrating.md", names)


@pytest.fixture(scope="module")
def moved(folder: Path, page: str, base_images: object) -> None:  # noqa: ARG001
    """Every step of the page was taken, and printed what the page shows."""
    environment = {
        **GIT_ENVIRONMENT,
        "HOME": str(folder / "home"),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PIP_QUIET": "1",
    }
    print(*follow(steps("docs/migrating.md", page), folder, environment), sep="\n")


@pytest.mark.usefixtures("moved")
def test_old_site_is_as_it_was(folder: Path) -> None:
    """It is the way back."""
    rooms = "from rooms.models import Room; print(Room.objects.count())"

    assert manage(folder / "old", "shell", "--verbosity=0", "--command", rooms) == "2\n"


@pytest.mark.usefixtures("moved")
def test_rows_come_from_another_postgresql(names: dict[str, str], page: str, folder: Path) -> None:
    db, app = (container(f"{names['bookings-laptop']}_{service}") for service in ("db", "app"))
    take, put = restored = commands_with(page, "pg_")
    assert len(restored) == 2
    with old_postgresql() as old:
        dump = docker(
            "exec", db, "pg_dump", "--username=postgres", "--no-owner", "--no-acl", "bookings"
        ).stdout
        docker("exec", "--interactive", old, *PSQL, stdin=dump)
        docker("exec", old, *PSQL, "--command=INSERT INTO rooms_room (name) VALUES ('Red room')")
        take = take.replace("OLD_DATABASE", "--username=legacy legacy")
        run(["bash", "-c", f"docker exec {old} {take}"], folder)

    run(["bash", "-c", put], folder, env={**os.environ, "db": db})

    # The app may read and write what came, and the next number of a row is free.
    count = "from rooms.models import Room; Room.objects.create(name='New'); print(Room.objects.count())"
    shell = ("python", "manage.py", "shell", "--verbosity=0", "--command", count)
    assert docker("exec", app, *shell).stdout == "4\n"


def container(service: str) -> str:
    """Return the one container of a service on this node."""
    label = f"label=com.docker.swarm.service.name={service}"
    (found,) = docker("ps", "--quiet", "--filter", label).stdout.split()
    return found


def commands_with(page: str, word: str) -> list[str]:
    """Return the commands of the page's only block for a shell that has a word."""
    (block,) = (
        block for block in re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL) if word in block
    )
    return re.findall(r"(?:.*\\\n)*.+", re.sub(r" +#.*", "", block))


@contextmanager
def old_postgresql() -> Iterator[str]:
    """Run a server whose roles and database have names of their own; yield its container."""
    name = unique_name("old")
    settings = ("USER=legacy", "DB=legacy", "PASSWORD=old")
    docker("run", "--detach", "--name", name, *(f"--env=POSTGRES_{one}" for one in settings), POSTGRES)
    try:
        ready = ("exec", name, "pg_isready", "--host=127.0.0.1", "--username=legacy")
        wait_until(lambda: docker(*ready, check=False).returncode == 0, 60, "the old PostgreSQL")
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


def manage(site: Path, *arguments: str) -> str:
    """Run manage.py of an old site, and return what it printed."""
    return run([site / ".venv" / "bin" / "python", "manage.py", *arguments], site).stdout
