"""docs/migrating.md, followed with a small project that lives on a server of its own."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.console import follow, steps
from tests.docs.renamed import renamed
from tests.harness.clone import GIT_ENVIRONMENT, clone_template, commit, git
from tests.harness.command import run
from tests.harness.docker import docker, unique_name
from tests.harness.ports import free_port
from tests.swarm.stack import remove

pytestmark = pytest.mark.swarm

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


@pytest.fixture
def names() -> Iterator[dict[str, str]]:
    """What this run says instead of the page's names and ports; all that was made under them is removed."""
    stack = unique_name("moved")
    yield {"bookings-laptop": stack, "8080": str(free_port()), "8443": str(free_port())}
    remove(stack)
    for config in docker("config", "ls", "--quiet", "--filter", f"name={stack}_").stdout.split():
        docker("config", "rm", config)
    for image in ("app:one", "proxy:1"):
        docker("image", "rm", f"{stack}/{image}", check=False)


@pytest.fixture
def folder(tmp_path: Path, example_python: Path) -> Path:
    """A folder with the template, the old site with its data, and a clone of its code as `bookings`."""
    clone_template(tmp_path / "swarm-django")
    old = tmp_path / "old"
    clone = tmp_path / "bookings"
    for copy in (old, clone):
        shutil.copytree(LEGACY, copy)
        # It saves installing the same packages once more.
        (copy / ".venv").symlink_to(example_python.parents[1])
    manage(old, "migrate", "--verbosity=0")
    manage(old, "shell", "--verbosity=0", "--command", DATA)
    git(clone, "init", "--quiet", "--initial-branch", "main")
    (clone / ".git" / "info" / "exclude").write_text("/.venv\n__pycache__/\n", encoding="utf-8")
    commit(clone, "Start")
    return tmp_path


@pytest.mark.usefixtures("base_images")
def test_every_step(names: dict[str, str], folder: Path) -> None:
    environment = {
        **GIT_ENVIRONMENT,
        "HOME": str(folder / "home"),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PIP_QUIET": "1",
    }

    todo = steps("docs/migrating.md", renamed("migrating.md", names))
    print(*follow(todo, folder, environment), sep="\n")

    # The old site is as it was: that is the way back.
    rooms = "from rooms.models import Room; print(Room.objects.count())"
    assert manage(folder / "old", "shell", "--verbosity=0", "--command", rooms) == "2\n"


def manage(site: Path, *arguments: str) -> str:
    """Run manage.py of an old site, and return what it printed."""
    return run([site / ".venv" / "bin" / "python", "manage.py", *arguments], site).stdout
