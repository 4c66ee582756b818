"""Read what a Markdown page says: the tables below its headings, and its blocks of code."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.harness.bake import TEMPLATE

DOCS = TEMPLATE / "docs"


@dataclass(frozen=True)
class Block:
    """A fenced block: what stands behind its first fence, its text, and the number of that line."""

    info: str
    text: str
    line: int


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    found = re.finditer(r"^```(\S[^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(block[1], block[2], text.count("\n", 0, block.start()) + 1) for block in found]


def sections(page: Path) -> dict[str, str]:
    """Return the text below each heading of a page, up to the next heading."""
    parts = re.split(r"^#+ (.+)\n", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def first_cells(section: str, columns: int = 1) -> list[str]:
    """Return what is in backticks in the first columns of a section's tables, as one text a row."""
    rows = re.findall(r"^\|(.+)\|$", section, re.MULTILINE)
    cells = [row.replace(r"\|", "\0").split("|")[:columns] for row in rows]
    names = [re.findall("`([^`]+)`", " ".join(row)) for row in cells]
    return [" ".join(row).replace("\0", "|") for row in names if row]
