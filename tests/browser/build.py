"""Build the template's front end and put the result where it is committed: what `make frontend` runs.

In the template itself it can't be built: its folder names and its files are not filled in.
"""

import os
import tempfile
from pathlib import Path

from lab.command import run
from tests.harness.bake import TEMPLATE, bake

SLUG = "<<cookiecutter.project_slug>>"
BUILD = TEMPLATE / SLUG / SLUG / "static" / "build"


def build() -> None:
    """Bake the example, check and build its front end."""
    with tempfile.TemporaryDirectory(prefix="frontend-") as folder:
        frontend = bake(Path(folder)) / "frontend"
        run(["npm", "ci", "--no-audit", "--no-fund"], cwd=frontend)
        run(["npm", "run", "check"], cwd=frontend, env={**os.environ, "OUTDIR": str(BUILD)})


if __name__ == "__main__":
    build()
