"""A program that runs for as long as a test needs it."""

import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.wait import wait_until

START_SECONDS = 30
STOP_SECONDS = 10


@contextmanager
def running(
    command: Sequence[str | Path],
    cwd: Path,
    environment: Mapping[str, str],
    ready: Callable[[], bool],
) -> Iterator[None]:
    """Run `command` in the folder `cwd` until the block ends, which begins when it is `ready`.

    What it prints is kept in a file beside `cwd`. Raises AssertionError, with that, when it is not
    ready in time.
    """
    log = cwd.with_name(f"{cwd.name}.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        try:
            wait_until(ready, START_SECONDS, f"{command[0]} to be ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{log.read_text(encoding='utf-8')}") from None
        yield
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the program to end, make it end when it does not, and wait until it is gone."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def listens(port: int) -> bool:
    """Tell whether something listens on `port` of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
