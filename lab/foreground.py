"""What one starts by hand runs in the foreground, and ends with Ctrl+C."""

import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

T = TypeVar("T")


def serve(started: AbstractContextManager[T], describe: Callable[[T], str]) -> None:
    """Start a thing, print what there is to know about it, and end it at Ctrl+C or SIGTERM.

    What cannot be started ends the program with one line that says why.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with started as running:
            print(describe(running), "Ctrl+C ends it.", sep="\n", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        print("Ended.")
    except (OSError, AssertionError) as error:
        sys.exit(f"error: {error}")
