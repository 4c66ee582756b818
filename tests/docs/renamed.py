"""A page with names and ports of its own, so that a test gets in nobody's way."""

import re

from tests.docs.page import DOCS


def renamed(page: str, names: dict[str, str]) -> str:
    """Return the text of a page below docs/ with other names; the longer name wins."""
    ordered = sorted(names, key=len, reverse=True)
    pattern = "|".join(rf"(?<![\w-]){re.escape(name)}(?![a-zA-Z0-9-])" for name in ordered)
    return re.sub(pattern, lambda found: names[found[0]], (DOCS / page).read_text(encoding="utf-8"))
