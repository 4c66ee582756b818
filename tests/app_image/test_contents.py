"""What is in the production image, and what must not be."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.docker import docker, unique_name

pytestmark = pytest.mark.engine

FORBIDDEN = {
    "a package installer": r"/pip3?(\.\d+)?$|/site-packages/pip/|/dist-packages/pip/|/pip-[\d.]+.*\.whl$",
    "a compiler": r"/bin/(.*-)?(gcc|g\+\+|cc|c\+\+|clang|ld|as|make)(-[\d.]+)?$",
    "Node.js": r"/(node|npm)$|/node_modules/",
    "git's history": r"/\.git(/|$)",
    "the project's tests": r"^app/(.*/)?tests?/",
    "a development requirement": r"/(pytest|mypy|ruff|coverage|hypothesis|django_stubs|piptools)(/|-[\d.]+)",
    "a key or certificate of a developer": r"\.key$|/cert\.crt$",
    "a file of the development machine": r"^app/(data|docker|frontend|requirements|\.env)(/|$)",
    "a source of translations": r"^venv/.*\.po$",
}


@pytest.fixture(scope="module")
def files(app_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tarfile.TarInfo]]:
    """Every file and folder of a container's root file system, as it looks before it starts."""
    name = unique_name("images-contents")
    archive = tmp_path_factory.mktemp("contents") / "root.tar"
    docker("create", f"--name={name}", app_image)
    try:
        docker("export", f"--output={archive}", name)
    finally:
        docker("rm", name)
    with tarfile.open(archive) as root:
        yield root.getmembers()
    archive.unlink()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_image_does_not_contain(files: list[tarfile.TarInfo], what: str) -> None:
    assert [file.name for file in files if re.search(FORBIDDEN[what], file.name)] == []


def test_no_file_runs_with_the_rights_of_another_user(files: list[tarfile.TarInfo]) -> None:
    assert [file.name for file in files if file.isfile() and file.mode & 0o6000] == []


def test_app_cannot_change_its_own_code(files: list[tarfile.TarInfo]) -> None:
    ours = [file for file in files if re.match(r"(app|venv)(/|$)", file.name)]

    assert len(ours) > 1000
    assert {file.uid for file in ours} == {0}
    assert [file.name for file in ours if not file.issym() and file.mode & 0o022] == []
    assert [file.name for file in ours if file.isfile() and not file.mode & 0o004] == []


def test_every_module_of_the_app_and_its_requirements_is_compiled(files: list[tarfile.TarInfo]) -> None:
    names = {file.name for file in files}
    modules = [Path(name) for name in names if re.match(r"(app/.+/|venv/lib/).*\.py$", name)]

    assert len(modules) > 500
    assert [str(module) for module in modules if compiled(module) not in names] == []


def compiled(module: Path) -> str:
    """Return where Python keeps the byte code of a module."""
    return str(module.parent / "__pycache__" / f"{module.stem}.cpython-313.pyc")
