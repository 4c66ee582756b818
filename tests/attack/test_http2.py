"""HTTP/2: many requests share a connection, and a body may come without its length."""

import time

from .http2 import Http2
from .target import Target, unharmed
from .test_bodies import BODIES_OF_A_CLIENT


def test_reading_carries_no_body_to_speak_of(target: Target) -> None:
    """Nobody counts it, so it must stay small."""
    connection = Http2(target)
    connection.start("GET", "/", bytes(16_384))

    assert connection.statuses(1, 10) == {1: 413}


def test_bodies_of_unknown_length_are_counted(target: Target) -> None:
    connection = Http2(target)
    with unharmed(target):
        streams = [connection.start("POST", "/", bytes(20_000)) for _ in range(20)]
        refused = connection.statuses(20 - BODIES_OF_A_CLIENT, 10)
        time.sleep(0.5)

    assert set(refused.values()) == {429}
    assert set(refused) == set(streams[BODIES_OF_A_CLIENT:])
