"""What an operator sees: banners with times, and one live line per service on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .outcome import say


class Screen:
    """Shows the steps of a deploy and how long each took."""

    def __init__(self) -> None:
        self.live = sys.stdout.isatty()
        self.lines: dict[str, str] = {}
        self.times: list[tuple[str, float]] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show a banner, and at the end the time that the step took."""
        say(f"== {name}")
        begin = time.monotonic()
        try:
            yield
        finally:
            self.lines = {}
            self.times.append((name, time.monotonic() - begin))
            say(f"   {name}: {self.times[-1][1]:.1f} s")

    def summary(self) -> str:
        """Return how long each step took, in one line."""
        total = sum(seconds for _, seconds in self.times)
        return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self.times) + f"; {total:.1f} s in all"

    def show(self, lines: dict[str, str]) -> None:
        """Show a line for each service: in place on a terminal, else only those that changed."""
        if self.live and self.lines:
            sys.stdout.write(f"\x1b[{len(self.lines)}A")
        for name, line in sorted(lines.items()):
            if self.live or self.lines.get(name) != line:
                say(("\x1b[2K" if self.live else "") + f"   {name:<12} {line}")
        self.lines = lines
