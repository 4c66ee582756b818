"""The house keeps its shape: how many files, how they are called, and what stands in one place only."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from tests.harness.tree import files_of

# A newcomer finds a thing from the folders' names, as long as there are few of them.
MOST_FILES = 179
MOST_MODULES = {"exampleapp/jobs": 13, "deploy/swarm_tool": 17}
MOST_NGINX_FILES = 8
# How a service is replaced: by starting first or by stopping first, and the way back of each.
MOST_WAYS_TO_UPDATE = 4
MOST_VERSIONS = 0


def test_a_render_has_few_files(example: Path) -> None:
    assert len(files_of(example)) <= MOST_FILES


@pytest.mark.parametrize("package", MOST_MODULES)
def test_a_package_has_few_modules(example: Path, package: str) -> None:
    modules = [path.name for path in (example / package).glob("*.py") if path.name != "__init__.py"]

    assert len(modules) <= MOST_MODULES[package], modules


def test_nginx_has_few_files(example: Path) -> None:
    kinds = {".conf", ".inc"}
    found = [path for path in files_of(example) if path.suffix in kinds and path.name != "redis.conf"]

    assert 0 < len(found) <= MOST_NGINX_FILES, found


def test_no_module_is_called_as_a_function_in_it(example: Path) -> None:
    modules = [path for folder in ("exampleapp", "deploy") for path in (example / folder).rglob("*.py")]
    found = {path.stem for path in modules if path.stem in functions_of(path.read_text(encoding="utf-8"))}

    # `from jobs.runner import run` leaves no doubt, `from status import status` does.
    assert found == set()


def functions_of(text: str) -> set[str]:
    """Return the names of the functions at the top of a module."""
    return {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def test_stack_file_says_once_how_services_are_updated(example: Path) -> None:
    text = (example / "deploy/stack.yml").read_text(encoding="utf-8")

    assert 0 < len(ways_to_update(text)) <= MOST_WAYS_TO_UPDATE


def ways_to_update(text: str) -> set[int]:
    """Return the blocks with which a stack file says how a service is updated, aliases not counted."""
    return {
        id(block)
        for _, service in entry(yaml.compose(text), "services").value
        for block in (entry(entry(service, "deploy"), f"{way}_config") for way in ("update", "rollback"))
    }


def entry(mapping: yaml.Node | None, key: str) -> yaml.MappingNode:
    """Return the value of a key in a mapping of YAML."""
    assert isinstance(mapping, yaml.MappingNode)
    (found,) = (value for name, value in mapping.value if name.value == key)
    assert isinstance(found, yaml.MappingNode)
    return found


def test_stack_file_has_few_versions(example: Path) -> None:
    text = (example / "deploy/stack.yml").read_text(encoding="utf-8")

    assert len(set(re.findall(r"\$\{(\w+_VERSION)", text))) <= MOST_VERSIONS


def test_guards_bite() -> None:
    assert functions_of("def check():\n    def inner(): ...\nclass Check: ...\n") == {"check"}
    stack = (
        "services:\n  a:\n    deploy:\n      update_config: &one {order: x}\n      rollback_config: *one\n"
    )
    assert len(ways_to_update(stack)) == 1
    assert len(ways_to_update(stack.replace("*one", "{order: x}"))) == 2
