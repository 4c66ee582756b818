"""Our delimiters stand where the template means them, and nowhere in what it renders."""

import re
from pathlib import Path

from tests.harness.bake import TEMPLATE
from tests.harness.clone import template_files
from tests.harness.tree import files_of, text_of

PROJECT = "<<cookiecutter.project_slug>>"

OPENING = re.compile("<[<%#]")
# An answer, perhaps through filters. There are no blocks and no comments: no option adds or removes anything.
OURS = re.compile(r"<< ?cookiecutter\.[a-z_]+( \| [^<>]+)? ?>>")

LEFT_OVER = re.compile("cookiecutter|<[<%#]", re.IGNORECASE)


def strangers(text: str) -> list[int]:
    """Return the numbers of the lines with an opening delimiter that begins no expression of ours."""
    lines = enumerate(text.splitlines(), start=1)
    return [number for number, line in lines if OPENING.search(OURS.sub("", line))]


def test_every_delimiter_in_the_template_is_ours() -> None:
    found = []
    for path in template_files():
        if path.parts[0] != PROJECT:
            continue
        found += [f"{path}: in its name" for _ in strangers(str(path))]
        found += [f"{path}:{number}" for number in strangers(text_of(TEMPLATE / path) or "")]

    assert found == [], "cookiecutter would take these for its own"


def test_guard_knows_ours_from_strangers() -> None:
    assert strangers("name: << cookiecutter.project_name | replace('a', 'b') >>") == []
    assert strangers("first\ncat <<EOF") == [2]
    assert strangers("<<: *defaults") == [1]
    assert strangers("1 << 20, << cookiecutter.project_slug >>") == [1]
    assert strangers("<% if cookiecutter.project_slug %>") == [1]


def test_no_trace_of_the_template_is_rendered(example: Path) -> None:
    found = []
    for path in files_of(example):
        if LEFT_OVER.search(str(path)):
            found.append(f"{path}: in its name")
        lines = (text_of(example / path) or "").splitlines()
        found += [f"{path}:{number}" for number, line in enumerate(lines, start=1) if LEFT_OVER.search(line)]

    assert found == []
