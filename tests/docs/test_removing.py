"""docs/removing.md of a project, followed: what is left when a part was thrown away passes its own checks."""

import os
import re
import shutil
from pathlib import Path

import pytest

from lab.command import run
from tests.docs.console import follow, steps
from tests.docs.page import sections
from tests.harness.clone import GIT_ENVIRONMENT, commit, git
from tests.harness.need import skip_or_fail

PAGE = "docs/removing.md"
# For each heading, what nothing in the project names any more.
GONE = {
    "The status board": r"state_icon|\bboard\b|data-alive-url",
    "Scheduled jobs": r"cron|jobs\b",
    "The firewall": r"modsec",
}
# What still may: a word of theirs is the pipeline's as well, and these pages belong to the template.
MAY_NAME = ("docs/", ".gitlab-ci.yml", "deploy/swarm_tool/", "requirements/", "README.md")
TOLERANCE = 0.1


@pytest.fixture
def project(example: Path, tmp_path: Path) -> Path:
    """A project with one commit."""
    copy = Path(shutil.copytree(example, tmp_path / "exampleapp"))
    git(copy, "init", "--quiet", "--initial-branch", "main")
    commit(copy, "Start")
    return copy


@pytest.fixture
def environment(example_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The shell in which the project's virtual environment is active; mypy's cache is shared by all tests."""
    cache = tmp_path_factory.getbasetemp() / "mypy"
    path = f"{example_python.parent}:{os.environ['PATH']}"
    return {**GIT_ENVIRONMENT, "PATH": path, "MYPY_CACHE_DIR": str(cache), "NO_COLOR": "1"}


# The firewall is no Python: it goes together with the others.
ALONE = ("The status board", "Scheduled jobs")


@pytest.mark.parametrize("headings", [*([one] for one in ALONE), [*GONE]], ids=lambda parts: "+".join(parts))
def test_what_is_left_passes_its_own_checks(
    headings: list[str], project: Path, environment: dict[str, str]
) -> None:
    if not shutil.which("npm"):
        skip_or_fail("there is no npm")
    page = sections(project / PAGE)
    for heading in headings:
        follow(steps(f"{PAGE} ({heading})", page[heading]), project, environment)

    run(["make", "lint", "types", "test"], cwd=project, env=environment)
    run(["python", "manage.py", "makemigrations", "--check", "--dry-run"], cwd=project, env=environment)
    for name in ("staging", "production"):
        check_stack(project, name, environment)
    for heading in headings:
        assert left_behind(project, GONE[heading]) == []


def check_stack(project: Path, name: str, environment: dict[str, str]) -> None:
    """Expect that the deploy command can read an environment's stack and finds nothing wrong in it."""
    run([project / "deploy/swarm", "lint", name], env=environment)


def left_behind(project: Path, pattern: str) -> list[str]:
    """Return the lines of a project that name what is gone."""
    listed = run(
        ["git", "grep", "--untracked", "-IniE", pattern], cwd=project, env=GIT_ENVIRONMENT, check=False
    )
    return [line for line in listed.stdout.splitlines() if not line.startswith(MAY_NAME)]


@pytest.mark.parametrize("heading", GONE)
def test_table_says_what_it_saves(heading: str, project: Path, environment: dict[str, str]) -> None:
    page = sections(project / PAGE)
    anchor = heading.lower().replace(" ", "-")
    row = re.search(rf"\(#{anchor}\) \| (\d+) \| (\d+) \|", (project / PAGE).read_text(encoding="utf-8"))
    assert row
    follow(steps(PAGE, page[heading]), project, environment)
    git(project, "add", "--all")

    changed = git(project, "diff", "--cached", "--numstat", "--no-renames", "HEAD").splitlines()
    files = git(project, "diff", "--cached", "--no-renames", "--diff-filter=D", "--name-only", "HEAD").split()
    lines = sum(int(removed) - int(added) for added, removed, _ in map(str.split, changed))

    assert int(row[1]) == pytest.approx(len(files), rel=TOLERANCE)
    assert int(row[2]) == pytest.approx(lines, rel=TOLERANCE)
