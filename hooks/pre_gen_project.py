"""Refuse answers that would make a broken project, before any file is written.

cookiecutter renders this file with the answers and runs it with its own Python: standard library only.
It ends with exit code 1 and one line for each refused answer: which one, why, and a good example.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
import unicodedata
import zoneinfo

# Safe whatever the answers hold: JSON has no three bare quotation marks in a row, and a raw string keeps
# backslashes.
ANSWERS_JSON = r"""<< cookiecutter | tojson >>"""

# Django 5.2: django.conf.global_settings.LANGUAGES, and en-us.
LANGUAGE_CODES = """
    af ar ar-dz ast az be bg bn br bs ca ckb cs cy da de dsb el en en-au en-gb en-us eo es es-ar es-co es-mx
    es-ni es-ve et eu fa fi fr fy ga gd gl he hi hr hsb hu hy ia id ig io is it ja ka kab kk km kn ko ky lb
    lt lv mk ml mn mr ms my nb ne nl nn os pa pl pt pt-br ro ru sk sl sq sr sr-latn sv sw ta te tg th tk tr
    tt udm ug uk ur uz vi zh-hans zh-hant
""".split()

# What can be imported once the project's requirements are installed.
PACKAGE_NAMES = """
    argon2 asgiref ast_serialize build cffi cfgv click coverage croniter cronsim csp cssbeautifier dateutil
    distlib django django_otp django_stubs_ext djlint editorconfig environ filelock gunicorn hypothesis
    identify iniconfig jsbeautifier json5 librt mypy mypy_django_plugin mypy_extensions mypyc nodeenv
    packaging pathspec pip piptools pkg_resources platformdirs pluggy pre_commit psycopg2 py pycparser
    pygments pyproject_hooks pytest pytest_django python_discovery pythonjsonlogger redis regex ruff segno
    setuptools sortedcontainers sqlparse typing_extensions tzdata virtualenv wheel whitenoise yaml
""".split()

# Standard library modules that are younger than the oldest Python we support.
YOUNG_STANDARD_MODULES = ["annotationlib", "compression"]

# Folders and modules at the top of the project, and folders that git ignores there.
FOLDER_NAMES = """
    data deploy docker docs frontend htmlcov manage node_modules requirements staticfiles tests
""".split()

SLUG_LENGTH = 40

# RFC 1123 for the labels; the last one is not all digits, which would be an IP address.
LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(r"(?=.{1,253}$)(" + LABEL + r"\.)+(?![0-9]+$)" + LABEL)

# A cautious part of RFC 5322: no character that means something to a shell or a template.
MAILBOX = re.compile(r"[A-Za-z0-9_%+-]+(\.[A-Za-z0-9_%+-]+)*")

# The grammar of image references, without a tag: host, optional port, path.
IMAGE_PATH = re.compile(r"[a-z0-9]+([.-]+[a-z0-9]+)*(:[0-9]+)?(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*")

# Written so that cookiecutter does not take them for its own while it renders this file.
DELIMITERS = ["<" + "<", "<" + "%", "<" + "#"]

# Control characters, halves of characters, line and paragraph separators.
REFUSED_CATEGORIES = ["Cc", "Cs", "Zl", "Zp"]


def text_problem(text: str) -> str | None:
    """Say why `text` cannot be a name or a description; None when it can."""
    if not text.strip():
        return "it is empty"
    if any(unicodedata.category(character) in REFUSED_CATEGORIES for character in text):
        return "it has a line break or another control character"
    if any(delimiter in text for delimiter in DELIMITERS):
        return f"it has one of {' '.join(DELIMITERS)}, which the template uses itself"
    return None


def slug_problem(slug: str) -> str | None:
    """Say why `slug` cannot name the Python package, the folder, the images and the stack."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", slug):
        return (
            "it must be lower case letters and digits, with single underscores between them, a letter first"
        )
    if len(slug) > SLUG_LENGTH:
        return f"it is longer than {SLUG_LENGTH} characters"
    if keyword.iskeyword(slug):
        return "it is a Python keyword"
    if slug in sys.stdlib_module_names or slug in YOUNG_STANDARD_MODULES:
        return "it is a module of Python's standard library"
    if slug in PACKAGE_NAMES:
        return "it is a package that the project installs"
    if slug in FOLDER_NAMES:
        return "it is the name of another folder or module of the project"
    return None


def domain_problem(domain: str) -> str | None:
    """Say why `domain` cannot be the host name of a site."""
    if not DOMAIN.fullmatch(domain):
        return (
            "it must be a domain name alone, in lower case: no https://, no path, no port, no space "
            "(letters beyond a to z in their xn-- form)"
        )
    return None


def email_problem(email: str) -> str | None:
    """Say why `email` cannot be an e-mail address."""
    mailbox, _, domain = email.rpartition("@")
    if not MAILBOX.fullmatch(mailbox) or not DOMAIN.fullmatch(domain.lower()):
        return "it must be an e-mail address of letters, digits and . _ % + -"
    return None


def image_problem(path: str) -> str | None:
    """Say why `path` cannot be the place of images in a registry."""
    if not IMAGE_PATH.fullmatch(path):
        return "it must be a registry and a path, in lower case: no https://, no tag, no space"
    return None


def language_problem(code: str) -> str | None:
    """Say why `code` cannot be Django's LANGUAGE_CODE."""
    if code not in LANGUAGE_CODES:
        return "it is none of the languages that Django speaks, as Django writes them"
    return None


def zone_problem(zone: str) -> str | None:
    """Say why `zone` cannot be Django's TIME_ZONE."""
    known = zoneinfo.available_timezones()
    # A machine without a time zone database knows none at all; that is no fault of the answer.
    if known and zone not in known:
        return "it is no time zone of the IANA database"
    return None


CHECKS = {
    "project_name": (text_problem, "Example App"),
    "project_slug": (slug_problem, "exampleapp"),
    "description": (text_problem, "Keeps the books of a library."),
    "author_name": (text_problem, "Ada Lovelace"),
    "author_email": (email_problem, "ada@example.com"),
    "production_domain": (domain_problem, "example.com"),
    "staging_domain": (domain_problem, "staging.example.com"),
    "image_registry": (image_problem, "registry.example.com/exampleapp"),
    "language_code": (language_problem, "pt-br"),
    "time_zone": (zone_problem, "Europe/Lisbon"),
}


def problems(answers: dict[str, str]) -> list[str]:
    """Return one line for each answer that is refused."""
    lines = []
    for name, (problem_of, example) in CHECKS.items():
        problem = problem_of(answers[name])
        if problem:
            # Quoted, and on one line whatever it holds.
            shown = json.dumps(answers[name], ensure_ascii=not answers[name].isprintable())
            lines.append(f"{name} {shown} is refused: {problem}. A good answer: {example}")
    return lines


def main() -> None:
    """Check the answers that cookiecutter wrote into this file."""
    # Before 2.6 cookiecutter does not know our delimiters, and leaves them as they are.
    if not ANSWERS_JSON.startswith("{"):
        sys.exit(
            "This cookiecutter is too old: the template needs 2.6 or newer. "
            "Try: pip install --upgrade cookiecutter"
        )
    refused = problems(json.loads(ANSWERS_JSON))
    if refused:
        sys.exit("\n".join(refused))


if __name__ == "__main__":
    main()
