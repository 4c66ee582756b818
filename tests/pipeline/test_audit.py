"""The audit of the project's locks: red for what can be mended, a warning for what cannot."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.command import describe, run
from tests.harness.example import environment_for

from .vulnerabilities import Vulnerabilities, vulnerabilities


@pytest.fixture
def database() -> Iterator[Vulnerabilities]:
    with vulnerabilities("127.0.0.1") as found:
        yield found


def audit(project: Path, url: str, *locks: str) -> tuple[int, str]:
    """Run the project's audit against a list of vulnerabilities; return exit code and output."""
    python = environment_for(project, "pipeline")
    env = {
        **os.environ,
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
        "PIP_AUDIT_OSV_URL": url,
    }
    names = [f"requirements/{lock}.txt" for lock in locks]
    done = run([python, "requirements/audit.py", *names], cwd=project, env=env, check=False)
    return done.returncode, describe(done)


def test_nothing_known(example: Path, database: Vulnerabilities) -> None:
    code, printed = audit(example, database.url, "production", "pipeline")

    assert code == 0, printed
    assert {"django", "gunicorn", "pip-audit"} <= database.asked


def test_vulnerability_with_a_fix_is_red(example: Path, database: Vulnerabilities) -> None:
    database.known = {"django": "99.0", "redis": ""}

    code, printed = audit(example, database.url, "production")

    assert code == 1, printed
    assert "TEST-django, fixed in: 99.0" in printed
    assert "TEST-redis, fixed in: no release" in printed


def test_vulnerability_without_a_fix_is_a_warning(example: Path, database: Vulnerabilities) -> None:
    database.known = {"redis": ""}

    code, printed = audit(example, database.url, "production")

    assert code == 10, printed


def test_no_answer_is_red(example: Path) -> None:
    code, printed = audit(example, "http://127.0.0.1:9/v1/query", "production")

    assert code == 1, printed
    assert "requirements/production.txt: pip-audit gave no answer" in printed
