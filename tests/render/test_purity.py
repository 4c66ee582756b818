"""Rendering is a pure function of the answers: it uses no network and starts no program but its hooks."""

import os
import sys
from pathlib import Path

import pytest

from lab.command import run
from tests.harness.bake import TEMPLATE

AUDIT = Path(__file__).with_name("audit")


def guarded(home: Path, **more: str) -> dict[str, str]:
    """Return an environment in which Python refuses the network and programs."""
    return {**os.environ, "HOME": str(home), "PYTHONPATH": str(AUDIT), "PYTHONDONTWRITEBYTECODE": "1", **more}


def test_rendering_is_offline_and_starts_no_program(tmp_path: Path) -> None:
    out = tmp_path / "out"

    run(
        [
            sys.executable,
            "-m",
            "cookiecutter",
            "--no-input",
            "--default-config",
            "--output-dir",
            out,
            TEMPLATE,
        ],
        env=guarded(tmp_path),
    )

    assert (out / "exampleapp" / "manage.py").is_file()


@pytest.mark.parametrize("hook", ["pre_gen_project.py", "post_gen_project.py"])
def test_hook_changes_nothing(tmp_path: Path, hook: str) -> None:
    rendered = (TEMPLATE / "hooks" / hook).read_text(encoding="utf-8")
    answers = (TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8")
    # What matters here is that the hook runs to its end, not what it says about the defaults.
    script = tmp_path / hook
    script.write_text(rendered.replace("<< cookiecutter | tojson >>", answers), encoding="utf-8")

    result = run([sys.executable, script], cwd=tmp_path, env=guarded(tmp_path, NO_WRITING="1"), check=False)

    assert "forbidden:" not in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == [script]


@pytest.mark.parametrize(
    "deed",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://localhost:9')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.execv('/bin/true', ['true'])",
        "open('file', 'w')",
        "import os; os.mkdir('folder')",
    ],
)
def test_guard_refuses(tmp_path: Path, deed: str) -> None:
    result = run(
        [sys.executable, "-c", deed], cwd=tmp_path, env=guarded(tmp_path, NO_WRITING="1"), check=False
    )

    assert result.returncode != 0
    assert "forbidden: " in result.stderr
