"""Shows that the scheduler's loop runs; as a program: exit code 0 only while it does.

It runs every few seconds, so it starts no Django.
"""

import sys
import tempfile
import time
from pathlib import Path

FILE = Path(tempfile.gettempdir()) / "scheduler-heartbeat"
# The loop comes round once a second.
SECONDS = 15


def beat() -> None:
    """Tell that the loop has come round."""
    # Renamed, since a file that is being written may be read empty.
    written = FILE.with_suffix(".new")
    # This clock is never put forward or back, and all processes of a machine share it.
    written.write_text(str(time.monotonic()), encoding="ascii")
    written.replace(FILE)


def main() -> int:
    """Print what is wrong, return the exit code."""
    try:
        age = time.monotonic() - float(FILE.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        print(f"no heartbeat: {error}")  # noqa: T201
        return 1
    if age > SECONDS:
        print(f"the scheduler's loop has hung for {age:.0f} s")  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
