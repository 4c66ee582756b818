"""The README's ways to start a project, each tried as it is written."""

import os
import re
import sys
from pathlib import Path

import pytest

from lab.command import CommandFailedError, run
from tests.harness.bake import TEMPLATE
from tests.harness.example import cached_environment
from tests.harness.need import skip_or_fail
from tests.harness.tree import files_of

ADDRESS = "gh:org/swarm-django"
SECTION = (TEMPLATE / "README.md").read_text("utf-8").partition("## Start a project")[2].partition("\n## ")[0]
(PIPX, VENV) = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
UVX = re.findall(r"`(uvx [^`]+)`", SECTION)[0]


@pytest.mark.parametrize("commands", [PIPX, UVX, VENV], ids=["pipx", "uvx", "venv"])
def test_project_is_started(commands: str, tmp_path: Path, example: Path) -> None:
    try:
        tools = cached_environment("starters", "pipx==1.18.4", "uv==0.13.9").parent
    except CommandFailedError as error:
        skip_or_fail(f"pipx and uv could not be installed: {error}")
    assert commands.count(ADDRESS) == 1
    # What a person answers, we leave as it is.
    script = commands.replace(ADDRESS, f"--no-input --default-config '{TEMPLATE}'")

    run(["sh", "-euc", script], cwd=tmp_path, env=machine(tools, tmp_path), timeout=300)

    assert files_of(tmp_path / "exampleapp") == files_of(example)


def machine(tools: Path, folder: Path) -> dict[str, str]:
    """Return the variables of a machine that has pipx and uv, and keeps nothing of them."""
    own = {
        "HOME": str(folder / "home"),
        "PIPX_HOME": str(folder / "pipx"),
        "UV_CACHE_DIR": str(folder / "uv"),
    }
    # uv does not read what pip was told about the package index.
    index = run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], check=False
    ).stdout.strip()
    told = {"UV_DEFAULT_INDEX": index} if index else {}
    return {**os.environ, **own, **told, "PATH": f"{tools}:{os.environ['PATH']}"}
