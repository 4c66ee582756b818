"""The README of a project says of each folder what is in it."""

import re
from pathlib import Path

from tests.harness.tree import files_of

ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def test_table_has_every_folder_and_no_other(example: Path) -> None:
    text = (example / "README.md").read_text(encoding="utf-8")
    rows = ROW.findall(text[text.index("| folder |") : text.index("## Which settings run where")])

    assert sorted(rows) == sorted(folders(example))


def folders(project: Path) -> set[str]:
    """Return the folders in a project's root; of its package the ones within."""
    found = set()
    for path in files_of(project):
        depth = 2 if path.parts[0] == project.name else 1
        if len(path.parts) > depth:
            found.add(f"{'/'.join(path.parts[:depth])}/")
    return found
