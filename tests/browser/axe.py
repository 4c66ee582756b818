"""axe-core, which finds what keeps people with disabilities from using a page."""

import fcntl
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from lab.command import run
from tests.harness.bake import TEMPLATE

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json", ".npmrc")


def axe_source() -> str:
    """Return axe-core's script, installed with npm when the lock file is newer than the last time."""
    cache = TEMPLATE / ".cache"
    folder = cache / "axe"
    cache.mkdir(exist_ok=True)
    with (cache / "axe.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        script = folder / "node_modules" / "axe-core" / "axe.min.js"
        if not script.exists() or any(_differs(folder / name, HERE / name) for name in FILES):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for name in FILES:
                shutil.copy(HERE / name, folder / name)
            run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder)
        return script.read_text(encoding="utf-8")


def violations(page: Page, source: str, part: str | None = None) -> list[str]:
    """Return one line for each violation of any of axe's rules, with the elements concerned.

    `part` is the CSS selector of what is looked at; the whole page when left out.
    """
    # Axe can't judge the contrast of a text that stands on a drawing.
    page.evaluate("document.querySelector('.comb')?.remove()")
    page.evaluate(source)
    results: dict[str, list[dict[str, Any]]] = page.evaluate("part => part ? axe.run(part) : axe.run()", part)
    # What axe could not decide by itself is no pass: look at it.
    found = [*results["violations"], *results["incomplete"]]
    return [
        f"{rule['id']}: {rule['help']}: {', '.join(str(node['target']) for node in rule['nodes'])}"
        for rule in found
    ]


def _differs(copy: Path, original: Path) -> bool:
    return not copy.exists() or copy.read_bytes() != original.read_bytes()
