"""Record anew what the tests know of the docker client: what `make recordings` runs.

`rendered.yml` is the example's production stack as a docker client prints it.
"""

import os
import tempfile
from pathlib import Path

from lab.command import run
from tests.harness.bake import bake

RECORDED = Path(__file__).with_name("recorded")
# Where a project lies on no machine.
PROJECT = "/project"


def render(project: Path) -> str:
    """Return the production stack of a project, as the docker client prints it."""
    deploy = project / "deploy"
    lines = (deploy / "configs/production/deploy.env").read_text(encoding="utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    image = "registry.example.com/exampleapp/app:1a2b3c4"
    variables = {**os.environ, **settings, "APP_IMAGE": image, "RELEASE": "1a2b3c4"}
    command = ["docker", "stack", "config", "--compose-file=stack.yml", "--compose-file=stack.production.yml"]
    return run(command, deploy, variables).stdout.replace(str(project), PROJECT)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        (RECORDED / "rendered.yml").write_text(render(bake(Path(folder))), encoding="utf-8")
