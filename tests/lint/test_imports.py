"""Who imports whom: in the project, in its deploy command, in the laboratory and in the tests."""

import ast
import sys
from graphlib import CycleError
from pathlib import Path

import pytest

from tests.harness.bake import TEMPLATE
from tests.harness.imports import between_parts, floors, import_graph

# What each part of the project may import. Only the URLs import the jobs, which can be thrown away.
PROJECT = {
    "exampleapp.board": {"exampleapp.alive"},
    "exampleapp.settings": {"exampleapp.logs"},
    "exampleapp.urls": {
        "exampleapp.alive",
        "exampleapp.board",
        "exampleapp.errors",
        "exampleapp.jobs",
        "exampleapp.login",
        "exampleapp.pages",
    },
}
# The project's tests import what they are named after, and no other tests.
TESTS = {
    "tests.conftest": {"exampleapp.alive"},
    "tests.test_error_mail": {"exampleapp.logs"},
    "tests.test_errors": {"exampleapp.urls"},
    "tests.test_board": {"exampleapp.alive"},
    "tests.test_login": {"exampleapp.users"},
    "tests.test_second_factor": {"exampleapp.login", "exampleapp.users"},
    "tests.test_users": {"exampleapp.login"},
}
# The template's tests share the harness; these take something of each other's as well.
SHARED = {
    "tests.bench": {"tests.app_image"},
    "tests.conftest": {"tests.summary"},
    "tests.docs": {"tests.browser", "tests.summary"},
}
# A change at the bottom is felt at most five floors up.
JOBS_FLOORS = 6


@pytest.fixture(scope="module")
def template() -> dict[str, set[str]]:
    return import_graph(TEMPLATE, "hooks", "lab", "scripts", "tests")


@pytest.fixture(scope="module")
def project(example: Path) -> dict[str, set[str]]:
    return import_graph(example, "exampleapp", "tests")


@pytest.fixture(scope="module")
def tool(example: Path) -> dict[str, set[str]]:
    return import_graph(example / "deploy", "swarm_tool")


@pytest.mark.parametrize("name", ["template", "project", "tool"])
def test_nobody_imports_in_a_circle(name: str, request: pytest.FixtureRequest) -> None:
    graph = request.getfixturevalue(name)

    assert len(graph) > 10
    floors(graph)


def test_parts_of_the_project_import_only_what_they_may(project: dict[str, set[str]]) -> None:
    wrong = []
    for part, imported in between_parts(project, 2).items():
        allowed = PROJECT.get(part, set()) | TESTS.get(part, set())
        if part.startswith("tests."):
            allowed |= {f"exampleapp.{part.removeprefix('tests.').removeprefix('test_')}"}
        wrong += [f"{part} imports {one}" for one in imported - allowed]

    assert wrong == []


def test_lab_imports_no_test_and_tests_share_the_harness_alone(template: dict[str, set[str]]) -> None:
    wrong = []
    for part, imported in between_parts(template, 2).items():
        strangers = {one for one in imported if not one.startswith("lab")}
        if part.startswith("tests."):
            strangers -= {"tests.harness"} | SHARED.get(part, set())
        wrong += [f"{part} imports {one}" for one in strangers]

    assert wrong == []


def test_jobs_are_a_house_of_few_floors(project: dict[str, set[str]]) -> None:
    inside = {name for name in project if name.startswith("exampleapp.jobs")}
    found = floors({name: project[name] & inside for name in inside})

    assert max(found.values()) <= JOBS_FLOORS, sorted(found.items(), key=lambda one: one[1])


@pytest.mark.parametrize(
    ("folder", "library"),
    [
        ("lab/engine", None),
        # It says so where the library is missing, and goes back without it.
        ("<<cookiecutter.project_slug>>/deploy/swarm_tool", "yaml"),
        ("hooks", None),
        ("scripts", None),
    ],
)
def test_what_runs_before_anything_is_installed_needs_nothing(folder: str, library: str | None) -> None:
    known = {*sys.stdlib_module_names, "lab", library}
    imported = {
        name.partition(".")[0]
        for path in (TEMPLATE / folder).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in absolute_imports(node)
    }

    assert imported
    assert imported - known == set()


def absolute_imports(node: ast.AST) -> list[str]:
    """Return the modules that a statement imports by their full names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module or ""]
    return []


@pytest.fixture
def example_package(tmp_path: Path) -> Path:
    """A house of three floors, with every way to say who is imported."""
    for name, text in {
        "house/__init__.py": "",
        "house/roof.py": "from . import walls\nimport house.cellar.wine\n",
        "house/walls.py": "def build():\n    from .cellar import wine\n",
        "house/cellar/__init__.py": "rows = 3\n",
        "house/cellar/wine.py": "import os\nfrom . import rows\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_graph_sees_every_import(example_package: Path) -> None:
    graph = import_graph(example_package, "house")

    assert graph["house.roof"] == {"house.walls", "house.cellar.wine"}
    assert graph["house.walls"] == {"house.cellar.wine"}
    assert graph["house.cellar.wine"] == {"house.cellar"}
    assert floors(graph)["house.roof"] == 4
    assert between_parts(graph, 2)["house.roof"] == {"house.walls", "house.cellar"}


def test_a_circle_is_noticed(example_package: Path) -> None:
    (example_package / "house/cellar/wine.py").write_text("from .. import roof\n", encoding="utf-8")

    with pytest.raises(CycleError):
        floors(import_graph(example_package, "house"))
