"""Each project has the page on operations, in its own names."""

from pathlib import Path

from tests.docs.project_page import PAGE, project_page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == project_page(), "run `make docs`"


def test_it_speaks_of_the_project(example: Path) -> None:
    page = (example / "docs" / "operations.md").read_text(encoding="utf-8")

    assert "registry.example.com/exampleapp/app:1a2b3c4" in page
    assert "https://example.com/" in page
    assert "](" not in page, "its links would lead to pages that a project does not have"
