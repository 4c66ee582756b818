"""The command: provide all base images and say what was used for each."""

import subprocess
import sys

from lab.command import CommandFailedError

from .errors import ImageError
from .provide import provide


def main() -> int:
    """Provide the images, print a line for each, and return the exit code."""
    try:
        for name, used in provide():
            print(f"{name}: {used}", flush=True)
    except (ImageError, CommandFailedError, subprocess.TimeoutExpired) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
