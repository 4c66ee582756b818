"""The virtual environments in which tests run the example project, and others worth keeping."""

import shutil
import sys
from pathlib import Path

from lab.command import run
from tests.harness.alone import CACHE, alone


def environment_for(project: Path, requirements: str = "local") -> Path:
    """Return the Python of a virtual environment with the project's requirements/`requirements`.txt."""
    lock = project / "requirements" / f"{requirements}.txt"
    return cached_environment(f"example-{requirements}", "--require-hashes", "--requirement", str(lock))


def cached_environment(name: str, *what: str) -> Path:
    """Return the Python of a virtual environment in which `pip install` was given `what`.

    Installing can take a minute, so the environment is kept in a folder that git ignores and made anew
    only when `what`, or a file that it names, changes.
    """
    venv = CACHE / name
    installed = venv / "installed.txt"
    wanted = "\n".join(
        Path(part).read_text(encoding="utf-8") if Path(part).is_file() else part for part in what
    )
    with alone(name):
        if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
            shutil.rmtree(venv, ignore_errors=True)
            run([sys.executable, "-m", "venv", venv])
            run([venv / "bin" / "pip", "install", "--disable-pip-version-check", *what])
            installed.write_text(wanted, encoding="utf-8")
    return venv / "bin" / "python"
