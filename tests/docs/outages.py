"""Measure what happens when something dies, for the table of docs/operations.md: what `make outages` runs."""

import re
import sys
from datetime import UTC, datetime

import pytest

from tests.docs.page import DOCS
from tests.summary import FIGURES

TESTS = ["tests/swarm/test_recovery.py", "tests/swarm/test_load.py"]
MEASURED = re.compile(r"(?<=<!-- measured: begin -->\n).*?(?=<!-- measured: end -->)", re.DOTALL)


class Collector:
    """A plugin of pytest that keeps the figures of a run."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.lines = session.config.stash.get(FIGURES, [])


def table(lines: list[str], day: str) -> str:
    """Return figures such as `nginx killed: away for 1.7 s` as a table, under the day they were measured."""
    rows = [f"| {what} | {seen} |" for what, _, seen in (line.partition(": ") for line in lines)]
    return "\n".join(
        [f"Measured on {day}:", "", "| what dies | what a visitor saw |", "|---|---|", *rows, ""]
    )


def main() -> None:
    """Run the tests that let things die; write the table when all of them pass."""
    collector = Collector()
    code = pytest.main(TESTS, plugins=[collector])
    if code:
        sys.exit(code)
    page = DOCS / "operations.md"
    measured = table(collector.lines, f"{datetime.now(UTC):%Y-%m-%d}")
    page.write_text(MEASURED.sub(lambda _: measured, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
