"""A checkout that belongs to root: refused with the way out, which then works."""

from collections.abc import Iterator

import pytest

from tests.compose.checkout import Checkout, checkout

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif("os.getuid() != 0", reason="only root can make a checkout that belongs to root"),
]

WRITE = ("run", "--rm", "--no-deps", "app", "touch", "made-in-a-container")


@pytest.fixture(scope="module")
def of_root(tmp_path_factory: pytest.TempPathFactory, base_images: object) -> Iterator[Checkout]:  # noqa: ARG001
    """A checkout of root's; nothing of it is running."""
    with checkout(tmp_path_factory.mktemp("root"), owner=0) as fresh:
        yield fresh


def test_other_owner_is_told_what_to_do(of_root: Checkout) -> None:
    output = of_root.compose(*WRITE, check=False)

    assert "belongs to UID=0 GID=0" in output
    assert "put these two into the file .env" in output
    assert not (of_root.folder / "made-in-a-container").exists()


def test_user_and_group_of_the_env_file_are_used(of_root: Checkout) -> None:
    (of_root.folder / ".env").write_text("UID=0\nGID=0\n", encoding="utf-8")

    of_root.compose(*WRITE)

    assert (of_root.folder / "made-in-a-container").stat().st_uid == 0


def test_changed_requirements_ask_for_a_new_image(of_root: Checkout) -> None:
    with (of_root.folder / "requirements/docker.txt").open("a", encoding="utf-8") as requirements:
        requirements.write("# changed\n")

    output = of_root.compose(*WRITE, check=False)

    assert "docker compose build app" in output
