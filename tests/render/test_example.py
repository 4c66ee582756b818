"""The rendered project passes its own tests, linters and type checks."""

import os
import shutil
from pathlib import Path

import pytest

from lab.command import run
from tests.harness.bake import bake

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "exampleapp.settings.production",
    "SECRET_KEY": "fifty-different-characters-0123456789-abcdefghijklmnop",
    "DATABASE_URI": "postgres://exampleapp:password@db:5432/exampleapp",
    "REDIS_URI": "redis://:password@redis:6379/0",
    "CRON_API_KEY": "a-key-of-forty-characters-0123456789-abcd",
    "DOMAIN": "example.com",
}

PRINT_REQUIREMENTS = """
from importlib.metadata import distributions
for distribution in distributions():
    for requirement in distribution.requires or ():
        print(requirement)
"""


@pytest.fixture(scope="module")
def project(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example in which tools may leave their caches."""
    return Path(shutil.copytree(example, tmp_path_factory.mktemp("project") / "exampleapp"))


def environment(python: Path, **more: str) -> dict[str, str]:
    """Return an environment in which the virtual environment of `python` is active."""
    return {**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}", "NO_COLOR": "1", **more}


@pytest.mark.parametrize("target", ["test", "lint", "types"])
def test_make_target_of_the_project_passes(project: Path, example_python: Path, target: str) -> None:
    run(["make", target], cwd=project, env=environment(example_python))


def test_tests_of_the_project_pass_with_the_tools_of_its_containers(
    project: Path, docker_python: Path
) -> None:
    # With the database's driver at hand, none of them is skipped.
    result = run([docker_python, "-m", "pytest"], cwd=project, env=environment(docker_python))

    assert "skipped" not in result.stdout


def test_locks_can_be_installed_by_an_old_pip(docker_python: Path) -> None:
    # Before 23.3, pip took the newest release of what a package asks for with an extra ("coverage[toml]"),
    # although the lock pins one, and then refused it. Debian 12 has such a pip.
    result = run([docker_python, "-c", PRINT_REQUIREMENTS])

    needed = [line for line in result.stdout.splitlines() if "extra ==" not in line]
    assert any("django" in line.lower() for line in needed)
    assert [line for line in needed if "[" in line.partition(";")[0]] == []


def test_no_migration_is_missing(project: Path, example_python: Path) -> None:
    run([example_python, "manage.py", "makemigrations", "--check", "--dry-run"], cwd=project)


def test_deployment_check_reports_nothing(project: Path, production_python: Path) -> None:
    result = run(
        [production_python, "manage.py", "check", "--deploy", "--fail-level", "DEBUG"],
        cwd=project,
        env=environment(production_python, **PRODUCTION),
    )

    # HSTS for subdomains and for the browsers' own list, with which no site should begin.
    assert "no issues (2 silenced)" in result.stdout


@pytest.mark.parametrize("slug", ["a", "quite_a_long_name_for_one_python_package"])
def test_linters_take_every_slug(tmp_path: Path, example_python: Path, slug: str) -> None:
    project = bake(tmp_path, project_slug=slug)

    run(["make", "lint"], cwd=project, env=environment(example_python))


def test_project_works_in_a_language_other_than_english(tmp_path: Path, example_python: Path) -> None:
    project = bake(tmp_path, language_code="pt-br", time_zone="America/Sao_Paulo")

    run([example_python, "-m", "pytest", "--quiet"], cwd=project, env=environment(example_python))
