"""What can be said of the pipeline's files without running them."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.command import CommandFailedError, run
from tests.harness.bake import TEMPLATE

BIN = Path(sys.executable).parent
# Keys of .gitlab-ci.yml that are no jobs.
GLOBAL = {"default", "include", "stages", "variables", "workflow"}
# What pip-compile writes at the head of a lock, and Renovate reads there: it knows only these options.
HEAD = re.compile(
    r"#    pip-compile ((--(allow-unsafe|generate-hashes|no-emit-index-url|strip-extras)) )*(\S+)"
)


@pytest.fixture
def text(example: Path) -> str:
    return (example / ".gitlab-ci.yml").read_text(encoding="utf-8")


@pytest.fixture
def pipeline(text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


@pytest.fixture
def docs(example: Path) -> str:
    return (example / "docs" / "pipeline.md").read_text(encoding="utf-8")


def check(schema: str, file: Path) -> None:
    """Check a file by one of the schemas that check-jsonschema brings."""
    transform = ["--data-transform=gitlab-ci"] if schema == "gitlab-ci" else []
    run([BIN / "check-jsonschema", f"--builtin-schema=vendor.{schema}", *transform, file])


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("gitlab-ci", ".gitlab-ci.yml"),
        ("renovate", "renovate.json"),
        ("github-workflows", "docs/github-actions.yml"),
    ],
)
def test_files_follow_their_schemas(example: Path, schema: str, name: str) -> None:
    check(schema, example / name)


WORKFLOWS = sorted((TEMPLATE / ".github/workflows").iterdir())


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_workflows_of_the_template_follow_their_schema(file: Path) -> None:
    check("github-workflows", file)


def test_actions_are_pinned_to_commits(example: Path) -> None:
    """A tag can be moved to other code; the commit behind it says which version it was."""
    for file in (*WORKFLOWS, example / "docs/github-actions.yml"):
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if "uses:" in line]
        assert lines
        for line in lines:
            assert re.search(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), f"{file}: {line}"


@pytest.mark.parametrize(
    ("schema", "content"),
    [
        ("gitlab-ci", {"lint": {"script": {"no": "list"}}}),
        ("renovate", {"packageRules": "none"}),
        ("github-workflows", {"jobs": []}),
    ],
)
def test_schema_bites(tmp_path: Path, schema: str, content: dict[str, object]) -> None:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(CommandFailedError):
        check(schema, file)


def test_no_job_is_longer_than_twelve_lines(text: str) -> None:
    blocks = re.findall(r"^(\S+):\n((?:[ #].*\n|\n(?= ))*)", text, re.MULTILINE)
    lines = {
        name: 1
        + len([line for line in body.splitlines() if line.strip() and not line.strip().startswith("#")])
        for name, body in blocks
    }

    assert {"lint", "build", "staging"} <= lines.keys()
    assert {name: count for name, count in lines.items() if name not in GLOBAL and count > 12} == {}


def test_jobs_are_described_with_their_stage(pipeline: dict[str, Any], docs: str) -> None:
    stages = {
        name: stage_of(pipeline, name) for name in pipeline if name not in GLOBAL and not name.startswith(".")
    }

    assert dict(re.findall(r"^\| `([\w-]+)` \| (check|build|deploy) \|", docs, re.MULTILINE)) == stages


def test_variables_are_described(example: Path, text: str, docs: str) -> None:
    scripts = ("docker/build", "docker/login", "deploy/remote")
    used = set(re.findall(r"\$\{?(CI_(?:DEPLOY|REGISTRY)_\w+)", text))
    for script in scripts:
        # A name that the script takes from outside has a default, or is an option of it.
        used |= set(re.findall(r"\$\{([A-Z_]+):-", (example / script).read_text(encoding="utf-8")))
    # These are the names that the file itself gives to what GitLab knows.
    used -= {"RELEASE", "REGISTRY_PASSWORD"}
    section = docs.partition("## The variables")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == used


def test_renovate_can_read_how_each_lock_was_made(example: Path) -> None:
    locks = sorted((example / "requirements").glob("*.txt"))

    assert len(locks) == 5
    for lock in locks:
        head = HEAD.search(lock.read_text(encoding="utf-8"))
        assert head, f"{lock}: Renovate does not know all options of its first lines"
        assert head[4] == f"requirements/{lock.stem}.in"


def test_renovate_finds_every_lock_and_every_stack_file(example: Path) -> None:
    settings = json.loads((example / "renovate.json").read_text(encoding="utf-8"))
    files = {
        "pip-compile": example.glob("requirements/*.txt"),
        "docker-compose": example.glob("deploy/stack*.yml"),
    }

    for manager, found in files.items():
        (pattern,) = settings[manager]["managerFilePatterns"]
        names = [str(file.relative_to(example)) for file in found]
        assert names
        assert [name for name in names if not re.search(pattern.strip("/"), name)] == []


def stage_of(pipeline: dict[str, Any], name: str) -> str:
    """Return the stage of a job, its own or that of what it extends."""
    job = pipeline[name]
    parents = job.get("extends", [])
    for parent in [parents] if isinstance(parents, str) else parents:
        job = {"stage": stage_of(pipeline, parent), **job}
    return str(job.get("stage", ""))
