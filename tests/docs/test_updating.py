"""docs/updating.md, followed from one tag of the template to the next, with cruft and with plain git."""

import os
import sys
from pathlib import Path

import pytest

from tests.docs.console import follow, steps
from tests.docs.page import DOCS
from tests.harness.clone import GIT_ENVIRONMENT, clone_template, commit, git

PROJECT = "<<cookiecutter.project_slug>>"


@pytest.fixture
def followed(tmp_path: Path) -> Path:
    """A folder in which the page was followed: with cruft in `shop`, with plain git in `plain/shop`."""
    template = clone_template(tmp_path / "template.git")
    git(template, "tag", "1.0.0")
    (template / PROJECT / "NEWS.md").write_text("News of << cookiecutter.project_name >>\n", encoding="utf-8")
    (template / PROJECT / "docs" / "jobs.md").unlink()
    with (template / PROJECT / ".gitignore").open("a", encoding="utf-8") as ignored:
        ignored.write("/news/\n")
    commit(template, "Add news")
    git(template, "tag", "1.1.0")
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "home").mkdir()
    environment = {
        **GIT_ENVIRONMENT,
        "HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "template": template.as_uri(),
    }
    page = (DOCS / "updating.md").read_text(encoding="utf-8")
    follow(steps("docs/updating.md", page), folder, environment)
    return folder


def test_both_ways_bring_the_release_and_keep_ones_own(followed: Path) -> None:
    for project in (followed / "shop", followed / "plain" / "shop"):
        assert (project / "NEWS.md").read_text(encoding="utf-8") == "News of Shop\n"
        assert (project / ".gitignore").read_text(encoding="utf-8").endswith("/news/\n")
        assert not (project / "docs" / "jobs.md").exists()
        assert (project / "manage.py").read_text(encoding="utf-8").endswith("# Ours.\n")
        assert git(project, "status", "--porcelain") == ""
    assert git(followed / "plain" / "shop", "branch", "--list", "--format=%(refname:short)").split() == [
        "main",
        "template",
    ]
