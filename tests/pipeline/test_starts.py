"""What starts each job: gitlab-ci-local evaluates the rules, and docs/pipeline.md says the same."""

import re
import shutil
from pathlib import Path

import pytest

from tests.harness.clone import commit, git
from tests.harness.need import skip_or_fail

from .gitlab import GitLab

MERGE_REQUEST = {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "orchard"}
# The branch, the source and more that GitLab says, by the name that this test gives to the start.
STARTS = {
    "merge request": ("orchard", "merge_request_event", MERGE_REQUEST),
    "dev": ("dev", "push", {}),
    "default branch": ("main", "push", {}),
    "schedule": ("main", "schedule", {}),
}
# What docs/pipeline.md says, and what it means.
WORDS = {
    "every pipeline": set(STARTS),
    "a merge request": {"merge request"},
    "a push to `dev` or to the default branch": {"dev", "default branch"},
    "a schedule": {"schedule"},
    "a push to `dev`": {"dev"},
    "you, after a push to the default branch or a schedule": {"default branch", "schedule"},
    "you, at any time in a pipeline of `dev`": {"dev"},
    "you, at any time in a pipeline of the default branch": {"default branch", "schedule"},
}


@pytest.fixture(scope="module")
def gitlab(example: Path, tmp_path_factory: pytest.TempPathFactory) -> GitLab:
    """The project's repository with a branch for each start."""
    if not shutil.which("npm"):
        skip_or_fail("there is no npm, which installs gitlab-ci-local")
    repository = Path(shutil.copytree(example, tmp_path_factory.mktemp("starts") / "exampleapp"))
    git(repository, "init", "--quiet", "--initial-branch=main")
    commit(repository, "Start")
    for branch in ("dev", "orchard"):
        git(repository, "branch", branch)
    return GitLab(repository, "", {})


@pytest.mark.parametrize("start", STARTS)
def test_start_has_the_jobs_that_the_documentation_says(gitlab: GitLab, start: str) -> None:
    text = (gitlab.repository / "docs/pipeline.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `([\w-]+)` \| \w+ \| ([^|]+) \|", text, re.MULTILINE))
    branch, source, of = STARTS[start]
    git(gitlab.repository, "checkout", "--quiet", branch)

    described = {
        job: "manual" if words.startswith("you") else "on_success"
        for job, words in table.items()
        if start in WORDS[words]
    }
    assert gitlab.jobs(source, of) == described
    assert "lint" in described


@pytest.mark.parametrize(
    ("branch", "source", "of"),
    [
        ("orchard", "push", {}),
        # The push to dev has started one already.
        ("dev", "merge_request_event", {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "dev"}),
    ],
)
def test_start_without_a_pipeline(gitlab: GitLab, branch: str, source: str, of: dict[str, str]) -> None:
    git(gitlab.repository, "checkout", "--quiet", branch)

    assert gitlab.jobs(source, of) == {}
