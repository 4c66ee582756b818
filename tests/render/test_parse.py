"""Every rendered file is what its name says."""

from pathlib import Path

import pytest

from lab.command import run
from tests.harness.parse import parse_all, parser_of
from tests.harness.tree import files_of

# Kinds without a parser of their own here. Dockerfiles and shell are linted in tests/lint, nginx reads its
# configuration in the tests of the proxy, the front end is built in its own.
OTHERS = {
    "*.conf",
    "*.crt",
    "*.css",
    "*.ico",
    "*.in",
    "*.inc",
    "*.js",
    "*.md",
    "*.mjs",
    "*.png",
    "*.sql",
    "*.svg",
    "*.ts",
    "*.txt",
    "*.webp",
    ".dockerignore",
    ".editorconfig",
    ".gitignore",
    ".gitkeep",
    ".npmrc",
    "Dockerfile",
    "Makefile",
    "crontab",
}

COMPILE_TEMPLATES = """
import django
django.setup()
from django.conf import settings
from django.template.loader import get_template
folder = settings.TEMPLATES[0]["DIRS"][0]
names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
for name in names:
    get_template(str(name))
print(len(names))
"""


def test_every_file_parses(example: Path) -> None:
    parse_all(example)


def test_no_kind_of_file_is_forgotten(example: Path) -> None:
    unparsed = [path for path in files_of(example) if parser_of(example / path) is None]
    unknown = [str(path) for path in unparsed if not any(path.match(kind) for kind in OTHERS)]

    assert unknown == [], "add a parser in tests/harness/parse.py"


def test_django_compiles_every_template(example: Path, example_python: Path) -> None:
    compiled = run(
        [example_python, "-c", COMPILE_TEMPLATES],
        cwd=example,
        env={"DJANGO_SETTINGS_MODULE": "exampleapp.settings.local", "PYTHONDONTWRITEBYTECODE": "1"},
    )

    assert int(compiled.stdout) > 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.py", "def f(:"),
        ("bad.toml", 'name = "a"b"'),
        ("bad.json", '{"name": "a\\"}'),
        ("bad.yml", 'name: "a"b"'),
        ("bad.sh", "if true; then"),
        ("bad.env", "NAME value"),
        ("bad.html", "<p><b>bold</p></b>"),
        ("script", "#!/bin/sh\nif true; then"),
    ],
)
def test_broken_file_is_found(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")

    with pytest.raises(AssertionError, match=name):
        parse_all(tmp_path)
