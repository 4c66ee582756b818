"""The table of docs/operations.md holds what the tests measure."""

import re

from tests.docs.outages import MEASURED, TESTS, table
from tests.docs.page import DOCS
from tests.harness.bake import TEMPLATE


def test_the_table_has_every_outage_that_is_measured() -> None:
    code = "".join((TEMPLATE / path).read_text(encoding="utf-8") for path in TESTS)
    measured = MEASURED.search((DOCS / "operations.md").read_text(encoding="utf-8"))

    assert measured
    _, *rows = re.findall(r"^\| ([^|]+) \| ", measured[0], re.MULTILINE)
    assert set(re.findall(r'figure\(f"([^:]+): ', code)) == set(rows)


def test_a_figure_becomes_a_row() -> None:
    assert table(["nginx killed: away: 1.7 s"], "2026-01-02").splitlines() == [
        "Measured on 2026-01-02:",
        "",
        "| what dies | what a visitor saw |",
        "|---|---|",
        "| nginx killed | away: 1.7 s |",
    ]
