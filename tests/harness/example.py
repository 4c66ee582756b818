"""The virtual environment in which tests run the example project."""

import fcntl
import shutil
import sys
from pathlib import Path

from tests.harness.bake import TEMPLATE
from tests.harness.command import run

CACHE = TEMPLATE / ".cache"


def environment_for(project: Path) -> Path:
    """Return the Python of a virtual environment with the project's requirements/local.txt.

    Installing takes most of a minute, so the environment is kept in a folder that git ignores and
    made anew only when the lock file changes.
    """
    requirements = project / "requirements" / "local.txt"
    lock = requirements.read_text(encoding="utf-8")
    venv = CACHE / "example-venv"
    installed = venv / "local.txt"
    CACHE.mkdir(exist_ok=True)
    # Two test runs in one clone must not install into the same folder at the same time.
    with (CACHE / "example-venv.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not installed.exists() or installed.read_text(encoding="utf-8") != lock:
            shutil.rmtree(venv, ignore_errors=True)
            run([sys.executable, "-m", "venv", venv])
            run([venv / "bin" / "pip", "install", "--require-hashes", "-r", requirements])
            installed.write_text(lock, encoding="utf-8")
    return venv / "bin" / "python"
