"""docs/tutorial.md, followed from top to bottom on the swarm of this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.docker import docker, unique_name
from lab.ports import free_port
from tests.docs.console import follow, steps
from tests.docs.renamed import renamed
from tests.harness.clone import GIT_ENVIRONMENT, clone_template
from tests.harness.running import remove

pytestmark = pytest.mark.swarm


# What docs/operations.md calls otherwise than the tutorial.
SAME_STACK = {"production": "laptop", "exampleapp.localhost": "shop.localhost", "exampleapp": "shop"}
# Of the tutorial the heading after which it removes everything.
LAST = "## How do I clean up?"


@pytest.fixture
def names() -> Iterator[dict[str, str]]:
    """What this run says instead of the page's names and ports; all that was made under them is removed."""
    stack, registry, port = unique_name("shop"), unique_name("shop-registry"), free_port()
    yield {
        "shop-laptop": stack,
        "shop-registry": registry,
        "localhost:5000": f"localhost:{port}",
        "127.0.0.1:5000": f"127.0.0.1:{port}",
        **{other: str(free_port()) for other in ("8000", "8080", "8443")},
    }
    remove(stack)
    docker("rm", "--force", "--volumes", registry, check=False)
    listed = ("image", "ls", "--format={{.Repository}}:{{.Tag}}", f"localhost:{port}/shop/*")
    for image in docker(*listed).stdout.split():
        docker("image", "rm", image)


@pytest.mark.usefixtures("base_images")
def test_every_step(names: dict[str, str], tmp_path: Path) -> None:
    """The tutorial, and before it cleans up the commands of docs/operations.md, on the same stack."""
    folder = tmp_path / "empty"
    folder.mkdir()
    clone_template(folder / "swarm-django")
    tutorial, end = (renamed("tutorial.md", names)).split(LAST)
    operations = renamed(
        "operations.md", SAME_STACK | names | {"exampleapp-production": names["shop-laptop"]}
    )
    # cookiecutter keeps answers in the home folder: a test leaves the user's alone.
    own = tmp_path / "cookiecutter.yaml"
    own.write_text(f"replay_dir: {tmp_path / 'replay'}\ncookiecutters_dir: {tmp_path / 'cookiecutters'}\n")
    environment = {
        **GIT_ENVIRONMENT,
        "COOKIECUTTER_CONFIG": str(own),
        "LC_ALL": "C.UTF-8",
        # Of this machine's configuration pip may have much to say.
        "PIP_QUIET": "1",
    }

    todo = [
        *steps("docs/tutorial.md", tutorial),
        *steps("docs/operations.md", operations),
        *steps("docs/tutorial.md", end, tutorial.count("\n")),
    ]
    print(*follow(todo, folder, environment), sep="\n")
