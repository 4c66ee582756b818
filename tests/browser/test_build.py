"""The committed files are what the sources give."""

import json
import os
from pathlib import Path

import pytest

from lab.command import CommandFailedError, run

pytestmark = pytest.mark.browser

BUILD = Path("exampleapp") / "static" / "build"


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_build_gives_the_committed_bytes(example: Path, frontend: Path) -> None:
    run(["npm", "run", "check"], cwd=frontend)

    assert files(frontend.parent / BUILD) == files(example / BUILD), "run `make frontend`"


def test_the_place_to_build_to_can_be_chosen(example: Path, frontend: Path, tmp_path: Path) -> None:
    run(["npm", "run", "build"], cwd=frontend, env={**os.environ, "OUTDIR": str(tmp_path)})

    assert files(tmp_path) == files(example / BUILD)


def test_a_type_error_fails_the_check(frontend: Path) -> None:
    source = frontend / "src" / "mistake.ts"
    source.write_text('export const port: number = "4200";\n', encoding="utf-8")
    try:
        with pytest.raises(CommandFailedError, match="not assignable to type 'number'"):
            run(["npm", "run", "check"], cwd=frontend)
    finally:
        source.unlink()


def test_the_lock_pins_content_and_names_no_registry(example: Path) -> None:
    lock = json.loads((example / "frontend" / "package-lock.json").read_text(encoding="utf-8"))
    packages = [entry for name, entry in lock["packages"].items() if name]

    assert packages
    assert all(entry["integrity"].startswith("sha512-") for entry in packages)
    assert not any("resolved" in entry for entry in packages)
