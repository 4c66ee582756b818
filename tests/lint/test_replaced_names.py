"""Unit tests of the deploy command replace few names, or what they test is in the wrong place."""

import ast
from pathlib import Path

import pytest

from tests.harness.bake import TEMPLATE

MOST_NAMES = 3
FOLDER = TEMPLATE / "tests" / "swarm_tool"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("test_*.py")), ids=lambda path: path.stem)
def test_a_test_replaces_few_names(path: Path) -> None:
    shared = (FOLDER / "conftest.py").read_text(encoding="utf-8")
    found = replaced_by_tests(path.read_text(encoding="utf-8"), shared)

    assert {test: names for test, names in found.items() if len(names) > MOST_NAMES} == {}


def replaced_by_tests(text: str, shared: str = "") -> dict[str, set[str]]:
    """Return the names that each test of a module replaces, its fixtures and helpers included.

    `text` is the module, `shared` its conftest.py.
    """
    functions = {
        node.name: node
        for source in (shared, text)
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }
    for_all = [name for name, node in functions.items() if "autouse=True" in decorators(node)]

    def with_helpers(name: str, seen: set[str]) -> set[str]:
        if name not in functions or name in seen:
            return set()
        seen.add(name)
        node = functions[name]
        helpers = [argument.arg for argument in node.args.args] + called_by(node)
        helpers += [one for one in functions if f"usefixtures('{one}'" in decorators(node)]
        return replaced_in(node).union(*(with_helpers(one, seen) for one in helpers))

    found = {}
    for name in functions:
        if name.startswith("test_"):
            seen: set[str] = set()
            found[name] = with_helpers(name, seen).union(*(with_helpers(one, seen) for one in for_all))
    return found


def decorators(function: ast.FunctionDef) -> str:
    return " ".join(ast.unparse(one) for one in function.decorator_list)


def called_by(function: ast.FunctionDef) -> list[str]:
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return [called.id for called in calls if isinstance(called, ast.Name)]


def replaced_in(function: ast.FunctionDef) -> set[str]:
    """Return the names that `monkeypatch.setattr` replaces in a function; in a loop one for each round."""
    names = set()
    for statement in function.body:
        rounds = 1
        if isinstance(statement, ast.For) and isinstance(statement.iter, ast.Tuple | ast.List):
            rounds = len(statement.iter.elts)
        for call in ast.walk(statement):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "monkeypatch.setattr":
                named = call.args[:1] if isinstance(call.args[0], ast.Constant) else call.args[:2]
                name = ".".join(ast.unparse(part) for part in named)
                names |= {f"{name} ({number})" if number else name for number in range(rounds)}
    return names


def test_names_are_found_wherever_they_are_replaced() -> None:
    shared = """
@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(rollout, "time", 1)
"""
    text = """
@pytest.fixture
def engine(monkeypatch):
    for name in ("one", "two"):
        monkeypatch.setattr(docker, name, 1)

def test_all(engine, monkeypatch):
    helped(monkeypatch)

def helped(monkeypatch):
    monkeypatch.setattr("sys.argv", [])

@pytest.mark.usefixtures("engine")
def test_used():
    pass

def test_little():
    pass
"""

    found = {name: len(names) for name, names in replaced_by_tests(text, shared).items()}

    assert found == {"test_all": 4, "test_used": 3, "test_little": 1}
