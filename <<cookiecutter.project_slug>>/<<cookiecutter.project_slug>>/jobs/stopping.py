"""Whether this process has been told to end: a job that runs then has a grace period."""

from collections.abc import Callable

_questions: list[Callable[[], bool]] = []


def watch(question: Callable[[], bool]) -> None:
    """Ask this from now on. The server does it for its processes, a command for its signals."""
    _questions.append(question)


def requested() -> bool:
    """Tell whether the process is about to end."""
    return any(question() for question in _questions)
