"""docs/reference.md lists what there is, all of it and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs import known
from tests.docs.page import DOCS, first_cells, sections

# For each heading where its truth is, and how many columns name a thing.
SECTIONS: dict[str, tuple[Callable[[Path], set[str]], int]] = {
    "Which questions does the template ask?": (known.prompts, 1),
    "What can `make` do in the template?": (known.template_targets, 1),
    "Which variables do the template's commands read?": (known.template_variables, 1),
    "What can `make` do in a project?": (known.project_targets, 1),
    "Which Django settings does a project have?": (known.settings, 1),
    "Which environment variables does the app read?": (known.app_variables, 1),
    "What can `deploy.env` say?": (known.deploy_variables, 1),
    "Which variables do the development containers read?": (known.laptop_variables, 1),
    "What does a build take?": (known.build_arguments, 1),
    "Which services does the stack have?": (known.services, 1),
    "Which secrets does the stack have?": (known.secrets, 1),
    "Which configs does the stack have?": (known.configs, 1),
    "What can `deploy/swarm` do?": (known.commands, 2),
    "How does `deploy/swarm` end?": (known.exit_codes, 1),
    "What does `manage.py` do beyond Django?": (known.manage_commands, 2),
    "How does `run_job` end?": (known.run_job_codes, 1),
    "Which jobs come with a project?": (known.jobs, 1),
}


@pytest.fixture(scope="module")
def page() -> dict[str, str]:
    return sections(DOCS / "reference.md")


@pytest.mark.parametrize("heading", SECTIONS)
def test_the_table_and_the_code_name_the_same(heading: str, page: dict[str, str], example: Path) -> None:
    collect, columns = SECTIONS[heading]
    listed = first_cells(page[heading], columns)
    exists = collect(example)

    assert exists, "nothing was found in the code: the test looks in the wrong place"
    assert {"undocumented": exists - set(listed), "gone": set(listed) - exists} == {
        "undocumented": set(),
        "gone": set(),
    }
    assert len(listed) == len(set(listed)), "a row is there twice"


def test_every_table_is_compared(page: dict[str, str]) -> None:
    assert {heading for heading, text in page.items() if first_cells(text)} == set(SECTIONS)


def test_what_is_missing_is_noticed() -> None:
    table = "| name | what |\n|---|---|\n| `A` | one |\n| `b` | `c\\|d` | two |\n"

    assert first_cells(table) == ["A", "b"]
    assert first_cells(table, 2) == ["A", "b c|d"]
