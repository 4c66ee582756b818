"""Whether this process has been told to end: a job that runs then has a grace period."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_running = 0
_lock = threading.Lock()
_questions: list[Callable[[], bool]] = []


def watch(question: Callable[[], bool]) -> None:
    """Ask this from now on. The server does it for its processes, a command for its signals."""
    _questions.append(question)


def requested() -> bool:
    """Tell whether the process is about to end."""
    return any(question() for question in _questions)


class EndingError(Exception):
    """This process is about to end: another one may run the job."""


@contextmanager
def running() -> Iterator[None]:
    """Keep this process from being recycled while a job runs.

    Raises:
        EndingError: it is about to end.
    """
    global _running  # noqa: PLW0603
    with _lock:
        if requested():
            raise EndingError("this process is about to end")
        _running += 1
    try:
        yield
    finally:
        with _lock:
            _running -= 1


def unless_running(end: Callable[[], None]) -> None:
    """Call `end` when no job runs. None begins meanwhile."""
    with _lock:
        if not _running:
            end()
