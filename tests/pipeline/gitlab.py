"""Run .gitlab-ci.yml with gitlab-ci-local, each job in a container of its image, as GitLab's runner does."""

import os
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import yaml

from lab.command import describe, run
from tests.harness.alone import CACHE, alone

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"

Variables = Mapping[str, str]
NO_VARIABLES: Variables = MappingProxyType({})

PROBE = "is-there-a-pipeline"

# How gitlab-ci-local sums up a job at the end.
SUMMARY = re.compile(r"^ (PASS|WARN|FAIL)  (\S+)(?: +pre_script| +\d+% coverage)? *$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """How a pipeline ended: `jobs` says PASS, WARN or FAIL for each job that ran."""

    exit_code: int
    jobs: dict[str, str]
    output: str
    seconds: float

    def log(self, job: str) -> str:
        """Return what a job's script has printed."""
        return "\n".join(re.findall(rf"^{re.escape(job)} +> (.*)$", self.output, re.MULTILINE))


@dataclass
class GitLab:
    """Pipelines of a repository's work tree.

    `variables` and `files` are what a project's owner sets in GitLab; `hosts` are names of this machine.
    """

    repository: Path
    helper_image: str
    variables: dict[str, str]
    files: dict[str, Path] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)

    def run(
        self, *jobs: str, source: str = "push", timeout: float = 600, of: Variables = NO_VARIABLES
    ) -> Run:
        """Run the pipeline, or some of its jobs, on the branch that is checked out.

        `source` and `of` are what GitLab says of its start; `timeout` is in seconds.
        """
        begin = time.monotonic()
        # Both of a job's streams, in the order in which they came.
        command = ["sh", "-c", 'exec "$@" 2>&1', "sh", *self._command(source, of, *jobs)]
        try:
            done = run(command, cwd=self.repository, check=False, timeout=timeout)
        finally:
            self._remove_left_files()
        output = re.sub(r"\x1b\[[0-9;]*m", "", describe(done))
        found = {job: state for state, job in SUMMARY.findall(output)}
        return Run(done.returncode, found, output, time.monotonic() - begin)

    def jobs(self, source: str = "push", of: Variables = NO_VARIABLES) -> dict[str, str]:
        """Return the jobs that a pipeline has, `on_success` or `manual`; none without a pipeline."""
        text = (self.repository / ".gitlab-ci.yml").read_text(encoding="utf-8")
        # gitlab-ci-local ignores whether there is a pipeline at all: a job with these rules tells.
        probe = {"stage": ".pre", "script": ["true"], "rules": yaml.safe_load(text)["workflow"]["rules"]}
        command = self._command(source, of, "--list-csv")
        path = self.repository / ".gitlab-ci-local.yml"
        path.write_text(yaml.safe_dump({PROBE: probe}), encoding="utf-8")
        listed = run(command, cwd=self.repository).stdout.partition("name;")[2].splitlines()[1:]
        jobs = {line.split(";")[0]: line.split(";")[3] for line in listed}
        return jobs if jobs.pop(PROBE, None) else {}

    def _command(self, source: str, variables: Variables, *more: str) -> list[str]:
        self._set_variables()
        given = {"CI_PIPELINE_SOURCE": source, **variables}
        command = [
            str(program()),
            "--no-color",
            f"--home={self.repository.parent}",
            f"--helper-image={self.helper_image}",
            "--pull-policy=if-not-present",
            "--concurrency=2",
            "--volume=/var/run/docker.sock:/var/run/docker.sock",
            *(f"--extra-host={host}:host-gateway" for host in self.hosts),
            *(f"--variable={name}={value}" for name, value in given.items()),
        ]
        # Of a merge request GitLab says no branch.
        if source == "merge_request_event":
            command.append("--unset-variable=CI_COMMIT_BRANCH")
        return [*command, *more]

    def _set_variables(self) -> None:
        """Write what belongs to this machine, in files that git does not see."""
        (self.repository / ".git/info/exclude").write_text(".gitlab-ci-local*\n", encoding="utf-8")
        # The jobs share this machine's engine, as on a runner of one's own.
        own: dict[str, dict[str, list[str]]] = {".build": {"services": []}}
        (self.repository / ".gitlab-ci-local.yml").write_text(yaml.safe_dump(own), encoding="utf-8")
        kept = {name: variable("variable", value) for name, value in self.variables.items()}
        kept |= {name: variable("file", path.read_text()) for name, path in self.files.items()}
        path = self.repository / ".gitlab-ci-local-variables.yml"
        path.write_text(yaml.safe_dump(kept), encoding="utf-8")

    def _remove_left_files(self) -> None:
        """Remove the copies of our files that gitlab-ci-local leaves behind, one for each job."""
        for copy in Path("/tmp").glob("gitlab-ci-local-file-variables-*/SSH_PRIVATE_KEY"):  # noqa: S108
            if copy.read_bytes() == self.files["SSH_PRIVATE_KEY"].read_bytes():
                shutil.rmtree(copy.parent)


def variable(kind: str, value: str) -> dict[str, object]:
    """Return a variable for every environment, as gitlab-ci-local reads it."""
    return {"type": kind, "values": {"*": value}}


def program() -> Path:
    """Return gitlab-ci-local; it is installed once for each lock, in a folder that git ignores."""
    folder = CACHE / "gitlab-ci-local"
    installed = folder / "installed.json"
    with alone("gitlab-ci-local"):
        if not installed.exists() or installed.read_bytes() != LOCK.read_bytes():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(HERE / name, folder)
            run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, env={**os.environ, "CI": "1"})
            shutil.copy(LOCK, installed)
    return folder / "node_modules/.bin/gitlab-ci-local"
