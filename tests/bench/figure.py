"""One measured number, and how a list of them is shown."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """A number with its unit, its budget and the command that measured it.

    `at_least` and `at_most` are the budgets that were set for the project, in the same unit.
    """

    name: str
    value: float
    unit: str
    command: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def budget(self) -> str:
        """The budget as text; nothing when there is none."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return f"at least {self.at_least:g}" if self.at_least is not None else ""

    @property
    def verdict(self) -> str:
        """`met` or `missed`; nothing without a budget."""
        if not self.budget:
            return ""
        too_much = self.at_most is not None and self.value > self.at_most
        too_little = self.at_least is not None and self.value < self.at_least
        return "missed" if too_much or too_little else "met"


def as_table(figures: Sequence[Figure]) -> str:
    """Return one line a figure, in columns, and its command below it."""
    rows = [
        (figure.name, f"{figure.value:g} {figure.unit}", figure.budget, figure.verdict) for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for row, figure in zip(rows, figures, strict=True):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        lines.append(f"    {figure.command}")
    return "\n".join(lines)


def as_json(figures: Sequence[Figure]) -> str:
    """Return the figures as a JSON list."""
    return json.dumps([{**asdict(figure), "verdict": figure.verdict} for figure in figures], indent=2)
