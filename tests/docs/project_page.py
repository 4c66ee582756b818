"""The page on operations that each project has: a part of docs/operations.md, with the project's names."""

import re

from tests.docs.page import DOCS
from tests.harness.bake import TEMPLATE

PAGE = TEMPLATE / "<<cookiecutter.project_slug>>" / "docs" / "operations.md"
INTRODUCTION = """\
# Operations

Daily work, by question. All commands talk to the swarm that `deploy/configs/production/deploy.env` names,
so they run on your laptop as well as on a manager. For another environment write its name instead of
`production`. Each command ends with an exit code that says what happened: `deploy/swarm --help` lists them.

Lines after `$` are what you type, the others what you see; `…` and `...` stand for what differs.

"""
NAMES = {
    "registry.example.com/exampleapp": "<< cookiecutter.image_registry >>",
    "exampleapp.localhost:8443": "<< cookiecutter.production_domain >>",
    "exampleapp": "<< cookiecutter.project_slug >>",
}
# What was measured belongs to the example.
LEFT_OUT = re.compile(r"^## What happens when something dies\?$.*?(?=^## )", re.MULTILINE | re.DOTALL)


def project_page() -> str:
    """Return the page as it stands in the template's project folder, not rendered yet."""
    text = LEFT_OUT.sub("", (DOCS / "operations.md").read_text(encoding="utf-8"))
    questions = text[text.index("## ") :]
    return INTRODUCTION + re.sub("|".join(NAMES), lambda found: NAMES[found[0]], questions)
