"""Render the template as a user does, with the cookiecutter command."""

import os
import sys
import tempfile
from pathlib import Path
from subprocess import CompletedProcess

from lab.command import CommandFailedError, describe, run

TEMPLATE = Path(__file__).resolve().parents[2]


def bake(destination: Path, **answers: str) -> Path:
    """Render the template into a new folder below `destination` and return that folder.

    `answers` replace the defaults of cookiecutter.json. Raises CommandFailedError with
    cookiecutter's output when it rejects them.
    """
    before = set(destination.iterdir()) if destination.exists() else set()
    result = try_bake(destination, **answers)
    if result.returncode != 0:
        raise CommandFailedError(describe(result))
    (project,) = set(destination.iterdir()) - before
    return project


def try_bake(destination: Path, **answers: str) -> CompletedProcess[str]:
    """Render like `bake`, but return how cookiecutter ended instead of raising."""
    # cookiecutter keeps the last answers in the home folder: a test leaves the user's alone.
    with tempfile.TemporaryDirectory(prefix="bake-home-") as home:
        return run(
            [
                sys.executable,
                "-m",
                "cookiecutter",
                "--no-input",
                "--default-config",
                "--output-dir",
                destination,
                TEMPLATE,
                *(f"{key}={value}" for key, value in answers.items()),
            ],
            env={**os.environ, "HOME": home},
            check=False,
        )
