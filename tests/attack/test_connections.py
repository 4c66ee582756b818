"""Connections: many that say nothing, and readers that take their time."""

import time
from contextlib import ExitStack

import pytest

from lab.wait import wait_until

from .target import MEBIBYTE, Target, answer_of, unharmed

IDLE = 8_200


pytestmark = pytest.mark.usefixtures("many_open_files")


def test_8_200_connections_that_say_nothing(target: Target) -> None:
    """One byte each. They shut the site to everybody else."""
    with unharmed(target), ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(target.open_plain()).sendall(b"G")
        time.sleep(1)


def test_connections_that_shook_hands(target: Target) -> None:
    """With TLS each costs more than three times the memory."""
    with unharmed(target), ExitStack() as stack:
        for _ in range(1_000):
            stack.enter_context(target.open()).sendall(b"G")


def test_slow_readers_of_large_answers_do_not_hold_the_app(target: Target) -> None:
    """Ten of 12 MiB blocked a replica for 20 s, while its threads waited for them."""
    path = f"/bytes/{12 * MEBIBYTE}"
    with unharmed(target), ExitStack() as stack:
        readers = [stack.enter_context(target.send("GET", path, b"", target.client(7))) for _ in range(10)]
        wait_until(lambda: sent(target, path) == 10, 10, "the app to be rid of ten answers")
        assert [answer_of(reader) for reader in readers] == [200] * 10
        time.sleep(0.5)


def sent(target: Target, path: str) -> int:
    """Count how often the app has sent an answer to its end."""
    return target.proxy.printed(f"sent {path}")
