"""Shell, YAML, Dockerfiles and Python are free of what their linters know to be wrong."""

import re
import sys
from pathlib import Path

import pytest

from lab.command import CommandFailedError, run
from tests.harness.bake import TEMPLATE
from tests.harness.tree import is_shell_script

# The linters are programs of the virtual environment that runs the tests.
BIN = Path(sys.executable).parent
YAMLLINT = [str(BIN / "yamllint"), "--strict", "--config-file", str(Path(__file__).with_name("yamllint.yml"))]
SHELLCHECK = [str(BIN / "shellcheck")]
HADOLINT = [str(BIN / "hadolint"), "--config", str(Path(__file__).with_name("hadolint.yml"))]
# The template's own code within the project.
# Without a cache, which would be rendered.
DEPLOY_COMMAND = [
    *("--no-cache", "--config", str(Path(__file__).with_name("deploy_command.toml"))),
    "<<cookiecutter.project_slug>>/deploy",
]


def test_shellcheck(sources: list[Path]) -> None:
    run([*SHELLCHECK, *(path for path in sources if is_shell_script(path))])


def test_yamllint(sources: list[Path]) -> None:
    run([*YAMLLINT, *(path for path in sources if path.suffix in {".yml", ".yaml"})])


def test_hadolint(sources: list[Path]) -> None:
    for path in sources:
        if path.name != "Dockerfile":
            continue
        # hadolint does not know this option of Docker 25 yet.
        known = re.sub(r"--start-interval=\S+ ?", "", path.read_text(encoding="utf-8"))
        result = run([*HADOLINT, "-"], stdin=known, check=False)
        assert result.returncode == 0, f"{path}: {result.stdout}"


def test_compose_file_follows_its_schema(example: Path) -> None:
    run([BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", example / "docker-compose.yml"])


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check"],
        ["ruff", "format", "--check"],
        ["ruff", "check", *DEPLOY_COMMAND],
        ["ruff", "format", "--check", *DEPLOY_COMMAND],
        ["mypy"],
    ],
)
def test_python_of_the_template(command: list[str]) -> None:
    run([BIN / command[0], *command[1:]], cwd=TEMPLATE)


@pytest.mark.parametrize(
    ("linter", "name", "content"),
    [
        (SHELLCHECK, "bad.sh", "#!/bin/sh\nrm $1\n"),
        (YAMLLINT, "bad.yml", "a:   1\n"),
        (HADOLINT, "Dockerfile", "FROM debian\nRUN cd /tmp\n"),
    ],
)
def test_linter_bites(tmp_path: Path, linter: list[str], name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")

    with pytest.raises(CommandFailedError):
        run([*linter, tmp_path / name])
