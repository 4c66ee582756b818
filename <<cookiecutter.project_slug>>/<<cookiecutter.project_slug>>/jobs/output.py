"""What a job logs, kept for its history."""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# The last lines tell why a job ended; the whole log is where all logs are.
LINES = 200
CHARACTERS = 10_000

_current: ContextVar["Tail | None"] = ContextVar("output", default=None)


class Tail(logging.Handler):
    """Keeps the last lines that were logged by one run, whatever others log at the same time."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
        self._lines: deque[str] = deque(maxlen=LINES)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the lines of our own run pass."""
        return _current.get() is self

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self._lines.append(self.format(record))

    def text(self) -> str:
        """Return the lines, shortened at the front."""
        return tail("\n".join(self._lines))


@contextmanager
def captured(output: Tail) -> Iterator[None]:
    """Add to `output` what is logged inside."""
    root = logging.getLogger()
    token = _current.set(output)
    root.addHandler(output)
    try:
        yield
    finally:
        root.removeHandler(output)
        _current.reset(token)


def tail(text: str) -> str:
    """Return the end of a text, without what PostgreSQL does not store: NUL, and lone surrogates."""
    return text[-CHARACTERS:].replace("\0", "").encode(errors="replace").decode()
