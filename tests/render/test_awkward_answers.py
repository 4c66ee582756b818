"""Any text may be a name or a description, and is shown as it was written."""

import json
import tomllib
from pathlib import Path

import pytest

from lab.command import run
from tests.harness.bake import bake
from tests.harness.parse import parse_all

AWKWARD = [
    "Élodie's Łódź, größer: 日本語",
    'The "best" app',
    "'''three''' \"\"\"quotes\"\"\"",
    "R&D <b>bold</b> &amp; <!-- -->",
    "back\\slash \\n \\u0041 \\N{BULLET} \\",
    "{{ name }} {% if x %} {# note #} ${NAME} $(id) `id` %s",
    "Rocket \N{ROCKET} \N{FAMILY}\N{ZERO WIDTH JOINER}\N{HEAVY BLACK HEART}",
    "# no: comment, [list] - *alias &anchor !tag | > ?",
    "a > b >> c %> d #>",
]

SHOW = """
import html, json, re, django
django.setup()
from django.conf import settings
from django.test import Client
page = Client(headers={"host": "localhost"}).get("/").content.decode()
heading, description = re.search("<h1>(.*?)</h1>.*?<p[^>]*>(.*?)</p>", page, re.DOTALL).groups()
print(json.dumps({
    "author in settings": settings.ADMINS[0][0],
    "name in settings": settings.PROJECT_NAME,
    "heading": html.unescape(heading),
    "paragraph": html.unescape(description),
    "meta": html.unescape(re.search('<meta name="description" content="(.*?)">', page)[1]),
    "title": html.unescape(re.search("<title>(.*?)</title>", page, re.DOTALL)[1]).strip(),
}))
"""


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_is_shown_as_written(tmp_path: Path, example_python: Path, text: str) -> None:
    project = bake(
        tmp_path,
        project_name=text,
        project_slug="exampleapp",
        description=f"About {text}",
        author_name=f"By {text}",
    )

    parse_all(project)
    package = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert package["description"] == f"About {text}"
    assert package["authors"][0]["name"] == f"By {text}"
    # A heading of its own line: nothing in it is taken for Markdown's or a template's.
    assert (project / "README.md").read_text(encoding="utf-8").splitlines()[0] == f"# {text}"
    shown = json.loads(
        run(
            [example_python, "-c", SHOW],
            cwd=project,
            env={"DJANGO_SETTINGS_MODULE": "exampleapp.settings.local", "PYTHONIOENCODING": "utf-8"},
        ).stdout.splitlines()[-1]
    )
    assert shown == {
        "author in settings": f"By {text}",
        "name in settings": text,
        "heading": text,
        "paragraph": f"About {text}",
        "meta": f"About {text}",
        "title": text,
    }


def test_apparent_slugs_are_made_of_names(tmp_path: Path) -> None:
    assert bake(tmp_path, project_name="Éléphant à Łódź & Co.").name == "elephantalodzco"
