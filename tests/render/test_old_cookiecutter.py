"""Which versions of cookiecutter render the template, and what the others say."""

import os
from pathlib import Path

import pytest

from lab.command import CommandFailedError, run
from tests.harness.bake import TEMPLATE
from tests.harness.example import cached_environment
from tests.harness.need import skip_or_fail
from tests.harness.tree import files_of


def bake_with(version: str, home: Path, destination: Path) -> tuple[int, str]:
    """Render the template with a release of cookiecutter; return its exit code and what it printed."""
    try:
        python = cached_environment(f"cookiecutter-{version}", f"cookiecutter=={version}")
    except CommandFailedError as error:
        skip_or_fail(f"cookiecutter {version} could not be installed: {error}")
    result = run(
        [
            python,
            "-m",
            "cookiecutter",
            "--no-input",
            "--default-config",
            "--output-dir",
            destination,
            TEMPLATE,
        ],
        env={**os.environ, "HOME": str(home)},
        check=False,
    )
    return result.returncode, result.stderr


@pytest.mark.parametrize("version", ["1.7.3", "2.5.0"])
def test_too_old_version_is_told_so(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, version: str
) -> None:
    exit_code, printed = bake_with(version, tmp_path_factory.mktemp("home"), tmp_path)

    assert exit_code != 0
    assert "This cookiecutter is too old: the template needs 2.6 or newer." in printed
    assert list(tmp_path.iterdir()) == []


def test_oldest_good_version_renders_the_same(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, example: Path
) -> None:
    exit_code, printed = bake_with("2.6.0", tmp_path_factory.mktemp("home"), tmp_path)

    assert exit_code == 0, printed
    project = tmp_path / "exampleapp"
    assert {path: (project / path).read_bytes() for path in files_of(project)} == {
        path: (example / path).read_bytes() for path in files_of(example)
    }
