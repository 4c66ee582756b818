"""A project follows its template: cruft creates, checks, updates and compares it."""

import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from lab.command import run
from tests.harness.clone import GIT_ENVIRONMENT, clone_template, commit, git

PROJECT = "<<cookiecutter.project_slug>>"


class Pair:
    """A clone of the template, and a project that cruft made from it."""

    def __init__(self, folder: Path) -> None:
        self.template = clone_template(folder / "template")
        self.home = folder / "home"
        self.home.mkdir()
        self.cruft("create", str(self.template), "--no-input", "--output-dir", str(folder), cwd=folder)
        self.project = folder / "exampleapp"
        git(self.project, "init", "--quiet", "--initial-branch", "main")
        commit(self.project, "Start")

    def cruft(self, *arguments: str, cwd: Path | None = None, check: bool = True) -> CompletedProcess[str]:
        """Run cruft, in the project unless told otherwise."""
        return run(
            [sys.executable, "-m", "cruft", *arguments],
            cwd=cwd or self.project,
            env={**GIT_ENVIRONMENT, "HOME": str(self.home)},
            check=check,
        )

    def change_template(self) -> None:
        """Commit a new file, and a new line in an old one, to the template."""
        folder = self.template / PROJECT
        (folder / "NEWS.md").write_text("News of << cookiecutter.project_name >>\n", encoding="utf-8")
        with (folder / ".gitignore").open("a", encoding="utf-8") as ignored:
            ignored.write("/news/\n")
        commit(self.template, "Add news")


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_new_project_is_up_to_date(pair: Pair) -> None:
    assert pair.cruft("check").returncode == 0
    assert pair.cruft("diff").stdout == ""


def test_changed_template_is_noticed(pair: Pair) -> None:
    pair.change_template()

    assert pair.cruft("check", check=False).returncode == 1


def test_update_brings_the_change_and_keeps_one_s_own(pair: Pair) -> None:
    with (pair.project / "manage.py").open("a", encoding="utf-8") as manage:
        manage.write("# Ours.\n")
    commit(pair.project, "Change what is ours")
    pair.change_template()

    pair.cruft("update", "--skip-apply-ask")

    assert (pair.project / "NEWS.md").read_text(encoding="utf-8") == "News of Example App\n"
    assert (pair.project / ".gitignore").read_text(encoding="utf-8").endswith("/news/\n")
    assert (pair.project / "manage.py").read_text(encoding="utf-8").endswith("# Ours.\n")
    assert pair.cruft("check").returncode == 0


def test_diff_shows_one_s_own_change(pair: Pair) -> None:
    with (pair.project / "manage.py").open("a", encoding="utf-8") as manage:
        manage.write("# Ours.\n")

    assert "# Ours.\n" in pair.cruft("diff").stdout
