"""A git repository with the template as it is now, changes that nobody committed yet included."""

import os
import shutil
from pathlib import Path

from lab.command import run
from tests.harness.bake import TEMPLATE

# Commits in tests depend on nobody's git configuration.
GIT_ENVIRONMENT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
}


def template_files() -> list[Path]:
    """Return the files of the template, relative to it: all that git knows or would add."""
    listing = git(TEMPLATE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    paths = [Path(name) for name in listing.split("\0") if name]
    return sorted(path for path in paths if os.path.lexists(TEMPLATE / path))


def clone_template(destination: Path) -> Path:
    """Make `destination` a repository with one commit that holds the template; return it."""
    for path in template_files():
        (destination / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TEMPLATE / path, destination / path, follow_symlinks=False)
    git(destination, "init", "--quiet", "--initial-branch", "main")
    commit(destination, "Start")
    return destination


def commit(repository: Path, message: str) -> None:
    """Commit all that changed in `repository`."""
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", message)


def git(repository: Path, *arguments: str) -> str:
    """Run git in `repository` and return what it printed."""
    return run(["git", *arguments], cwd=repository, env=GIT_ENVIRONMENT).stdout
