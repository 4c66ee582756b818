"""Answers that would make a broken project are refused, and nothing is left behind."""

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from lab.command import describe, run
from tests.harness.bake import TEMPLATE, try_bake

REFUSED = [
    ("project_name", "", "it is empty"),
    ("project_name", "   ", "it is empty"),
    ("project_name", "Two\nlines", "line break"),
    ("project_name", "Tab\tbed", "control character"),
    ("project_name", "Bell\x07", "control character"),
    ("project_name", "Separated\u2028lines", "line break"),
    ("description", "Two\nlines", "line break"),
    ("description", "Rubbed out\x7f", "control character"),
    ("author_name", "", "it is empty"),
    ("project_slug", "my-app", "lower case letters and digits"),
    ("project_slug", "my app", "lower case letters and digits"),
    ("project_slug", "MyApp", "lower case"),
    ("project_slug", "élan", "lower case letters and digits"),
    ("project_slug", "2fast", "a letter first"),
    ("project_slug", "_private", "a letter first"),
    ("project_slug", "two__lines", "single underscores"),
    ("project_slug", "trailing_", "single underscores"),
    ("project_slug", "newline\n", "lower case letters and digits"),
    ("project_slug", "'; import os; '", "lower case letters and digits"),
    ("project_slug", "a" * 41, "longer than 40 characters"),
    ("project_slug", "class", "Python keyword"),
    ("project_slug", "json", "standard library"),
    ("project_slug", "compression", "standard library"),
    ("project_slug", "django", "package that the project installs"),
    ("project_slug", "whitenoise", "package that the project installs"),
    ("project_slug", "gunicorn", "package that the project installs"),
    ("project_slug", "pytest", "package that the project installs"),
    ("project_slug", "tests", "folder or module of the project"),
    ("project_slug", "deploy", "folder or module of the project"),
    ("project_slug", "docker", "folder or module of the project"),
    ("project_slug", "data", "folder or module of the project"),
    ("project_slug", "requirements", "folder or module of the project"),
    ("project_slug", "manage", "folder or module of the project"),
    ("author_email", "", "e-mail address"),
    ("author_email", "ada", "e-mail address"),
    ("author_email", "ada@", "e-mail address"),
    ("author_email", "ada@localhost", "e-mail address"),
    ("author_email", "ada lovelace@example.com", "e-mail address"),
    ("author_email", "ada@example.com, bob@example.com", "e-mail address"),
    ("author_email", '"ada"@example.com', "e-mail address"),
    ("author_email", "ada..l@example.com", "e-mail address"),
    ("production_domain", "https://example.com", "domain name"),
    ("production_domain", "example.com/shop", "domain name"),
    ("production_domain", "example.com:8000", "domain name"),
    ("production_domain", "exam ple.com", "domain name"),
    ("production_domain", "example", "domain name"),
    ("production_domain", "Example.com", "lower case"),
    ("production_domain", "-example.com", "domain name"),
    ("production_domain", "example..com", "domain name"),
    ("production_domain", "example.com.", "domain name"),
    ("production_domain", "192.0.2.1", "domain name"),
    ("production_domain", "münchen.example", "xn--"),
    ("production_domain", f"{'a' * 64}.example", "domain name"),
    ("staging_domain", "http://staging.example.com", "domain name"),
    ("image_registry", "https://registry.example.com/app", "registry and a path"),
    ("image_registry", "registry.example.com/App", "lower case"),
    ("image_registry", "registry.example.com/app:latest", "no tag"),
    ("image_registry", "registry.example.com/app/", "registry and a path"),
    ("language_code", "pt-BR", "languages that Django speaks"),
    ("language_code", "klingon", "languages that Django speaks"),
    ("time_zone", "Mars/Olympus", "no time zone"),
    ("time_zone", "", "no time zone"),
    ("time_zone", "../UTC", "no time zone"),
]


@pytest.mark.parametrize(("name", "answer", "reason"), REFUSED)
def test_bad_answer_is_refused_in_one_line(tmp_path: Path, name: str, answer: str, reason: str) -> None:
    slug = {} if name == "project_slug" else {"project_slug": "orchard"}

    result = try_bake(tmp_path, **{**slug, "staging_domain": "staging.example.com", name: answer})

    assert result.returncode != 0
    lines = [line for line in result.stderr.splitlines() if "is refused" in line]
    (told,) = [line for line in lines if line.startswith(f"{name} ")]
    assert told.startswith(f"{name} {json.dumps(answer, ensure_ascii=not answer.isprintable())} is refused: ")
    assert reason in told
    assert re.search(r"\. A good answer: .+$", told)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("delimiter", ["<" + "<", "<" + "%", "<" + "#"])
def test_delimiter_of_the_template_is_refused(hook: ModuleType, delimiter: str) -> None:
    # cookiecutter's prompt lets it through; later updates would take it for an expression.
    assert "which the template uses itself" in hook.text_problem(f"a {delimiter} b")


def test_every_bad_answer_is_told_at_once(tmp_path: Path) -> None:
    result = try_bake(
        tmp_path, project_slug="My-App", language_code="xx", time_zone="nowhere", author_email="me"
    )

    refused = [line.split()[0] for line in result.stderr.splitlines() if "is refused" in line]
    assert refused == ["project_slug", "author_email", "image_registry", "language_code", "time_zone"]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("project_slug", "a"),
        ("project_slug", "a" * 40),
        ("project_slug", "fruit_trees_2"),
        ("project_slug", "matches"),
        ("author_email", "ada.lovelace+tree_1@mail.example.co"),
        ("author_email", "Ada@Example.com"),
        ("production_domain", "example.com"),
        ("production_domain", "a.b-c.d1.example"),
        ("production_domain", "xn--mnchen-3ya.example"),
        ("image_registry", "registry.example.com:5000/team/fruit-trees_2"),
        ("image_registry", "team/app"),
        ("language_code", "en-us"),
        ("language_code", "zh-hans"),
        ("time_zone", "UTC"),
        ("time_zone", "America/Argentina/Buenos_Aires"),
    ],
)
def test_good_answer_is_taken(hook: ModuleType, name: str, answer: str) -> None:
    problem_of, _ = hook.CHECKS[name]

    assert problem_of(answer) is None


def test_good_examples_are_good(hook: ModuleType) -> None:
    assert {name: check(example) for name, (check, example) in hook.CHECKS.items()} == dict.fromkeys(
        hook.CHECKS
    )


def test_every_question_is_checked(hook: ModuleType) -> None:
    questions = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))

    assert list(hook.CHECKS) == [name for name in questions if not name.startswith("_")]


def test_machine_without_a_time_zone_database_takes_any(
    hook: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook.zoneinfo, "available_timezones", set)

    assert hook.zone_problem("Europe/Lisbon") is None


def test_language_codes_are_django_s(hook: ModuleType, example_python: Path) -> None:
    print_codes = "from django.conf.global_settings import LANGUAGES; print(*[code for code, _ in LANGUAGES])"
    codes = run([example_python, "-c", print_codes]).stdout.split()

    # Django's own check of LANGUAGE_CODE takes en-us beside the list.
    assert sorted({*codes, "en-us"}) == hook.LANGUAGE_CODES


def test_package_names_are_what_the_requirements_install(
    hook: ModuleType, docker_python: Path, production_python: Path
) -> None:
    installed = {
        name
        for python in (docker_python, production_python)
        for name in run([python, "-c", PRINT_MODULES]).stdout.split()
        # Others are no possible slug anyway.
        if re.fullmatch("[a-z][a-z0-9_]*", name)
    }

    # A virtual environment brings pip, with or without setuptools.
    assert sorted(installed | {"pip", "pkg_resources", "setuptools"}) == hook.PACKAGE_NAMES


PRINT_MODULES = """
from importlib.metadata import packages_distributions
print(*packages_distributions())
"""


def test_folder_names_are_the_project_s(hook: ModuleType, example: Path) -> None:
    folders = {path.name for path in example.iterdir() if path.is_dir()} - {"exampleapp"}
    modules = {path.stem for path in example.glob("*.py")}
    ignored = re.findall(
        r"^/?([a-z_]+)/$", (example / ".gitignore").read_text(encoding="utf-8"), re.MULTILINE
    )

    possible = {name for name in {*folders, *modules, *ignored} if re.fullmatch("[a-z][a-z0-9_]*", name)}
    assert sorted(possible) == hook.FOLDER_NAMES


@pytest.fixture
def hook() -> ModuleType:
    """The hook as a module, not rendered."""
    path = TEMPLATE / "hooks" / "pre_gen_project.py"
    spec = importlib.util.spec_from_file_location("pre_gen_project", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_answer_typed_at_a_prompt_is_checked_too(tmp_path: Path) -> None:
    # Enter takes the default; a person's answer is not rendered, unlike one from the command line.
    answers = ["Fruit " + "<" + "< trees", "fruit_trees"] + [""] * 8
    home = tmp_path / "home"
    home.mkdir()
    out = tmp_path / "out"
    out.mkdir()

    result = run(
        [sys.executable, "-m", "cookiecutter", "--default-config", "--output-dir", out, TEMPLATE],
        env={**os.environ, "HOME": str(home)},
        stdin="\n".join(answers) + "\n",
        check=False,
    )

    assert result.returncode != 0, describe(result)
    assert "which the template uses itself" in result.stderr
    assert list(out.iterdir()) == []
