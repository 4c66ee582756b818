"""Each claim of docs/security.md names the tests that prove it, and they exist."""

import re

import pytest

from tests.docs.page import DOCS
from tests.harness.bake import TEMPLATE

PAGE = DOCS / "security.md"
# The tests of a project are in the template under the name of its folder there.
PROJECT = "<<cookiecutter.project_slug>>"
TEST = re.compile(r"`((?:exampleapp/)?tests/[\w/]+\.py)::(test_\w+)`")
# Rows with one of these states say in words what is done instead, or who does it.
WITHOUT_A_TEST = {"not held", "yours", "does not apply"}


def claims(text: str) -> list[str]:
    """Return the rows of the tables whose last column is called `test`."""
    found = []
    for table in re.findall(r"(?:^\|.+\|\n)+", text, re.MULTILINE):
        head, _, *rows = table.splitlines()
        if head.rstrip("| ").endswith("test"):
            found += rows
    return found


def unproved(rows: list[str]) -> list[str]:
    """Return the rows that name no test, and those whose test is not there."""
    return [row for row in rows if not states_an_exception(row) and not all_exist(TEST.findall(row))]


def states_an_exception(row: str) -> bool:
    return any(cell.strip() in WITHOUT_A_TEST for cell in row.split("|"))


def all_exist(tests: list[tuple[str, str]]) -> bool:
    return bool(tests) and all(exists(path, name) for path, name in tests)


def exists(path: str, name: str) -> bool:
    file = TEMPLATE / re.sub("^exampleapp/", f"{PROJECT}/", path)
    return file.is_file() and f"def {name}(" in file.read_text(encoding="utf-8")


def test_each_claim_names_a_test_that_is_there() -> None:
    rows = claims(PAGE.read_text(encoding="utf-8"))

    assert len(rows) > 50, "the tables are not found"
    assert unproved(rows) == []


@pytest.mark.parametrize(
    "row",
    [
        "| a claim | in words |",
        "| a claim | `tests/docs/test_security.py::test_that_was_renamed` |",
        "| a claim | `tests/docs/test_gone.py::test_each_claim_names_a_test_that_is_there` |",
    ],
)
def test_a_claim_without_proof_is_found(row: str) -> None:
    assert unproved([row]) == [row]


def test_a_claim_with_proof_passes() -> None:
    proved = "| a claim | held | `tests/docs/test_security.py::test_a_claim_with_proof_passes` |"

    assert unproved([proved, "| a duty | yours | the firewall of the host |"]) == []
