"""What holds for every text file, whatever its kind."""

import json
import re
from pathlib import Path

from tests.harness.tree import text_of

# Written by tools, for tools.
GENERATED = ("static/build", "package-lock.json")


def test_lines_end_well(sources: list[Path]) -> None:
    found = []
    for path in sources:
        text = text_of(path)
        if not text or any(part in str(path) for part in GENERATED):
            continue
        if not text.endswith("\n") or text.endswith("\n\n") or "\r" in text:
            found.append(f"{path}: must end with one line end, and know no other than \\n")
        lines = enumerate(text.splitlines(), start=1)
        found += [f"{path}:{number}: ends with a space" for number, line in lines if line != line.rstrip()]

    assert found == []


def test_python_locks_pin_versions_and_hashes_and_no_index(sources: list[Path]) -> None:
    locks = [path for path in sources if re.search(r"requirements(/\w+)?\.txt$", str(path))]

    assert len(locks) == 8
    for lock in locks:
        # A requirement and its hashes are one line, continued.
        lines = lock.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
        for line in lines:
            good = re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:|\s*#|$", line)
            assert good, f"{lock}: {line}"


def test_node_locks_name_no_registry(sources: list[Path]) -> None:
    locks = [path for path in sources if path.name == "package-lock.json"]

    assert locks
    for lock in locks:
        packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
        assert [name for name, package in packages.items() if "resolved" in package] == []
        assert all("integrity" in package for name, package in packages.items() if name)


def test_links_of_the_documentation_lead_somewhere(sources: list[Path]) -> None:
    found = []
    for path in sources:
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            name, _, anchor = target.partition("#")
            if re.match("[a-z]+:", target):
                continue
            page = (path.parent / name) if name else path
            if not page.exists() or (anchor and anchor not in anchors(page)):
                found.append(f"{path}: {target}")

    assert found == []


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub and GitLab give the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
