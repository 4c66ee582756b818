"""Find a free TCP port."""

import socket


def free_port(address: str = "127.0.0.1") -> int:
    """Return a TCP port that was free on `address` a moment ago."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
