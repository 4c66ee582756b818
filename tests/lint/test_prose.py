"""Words are spelt right, things have one name each, and sentences are short."""

import re
import sys
from pathlib import Path

import pytest

from lab.command import CommandFailedError, run

CODESPELL = [
    str(Path(sys.executable).with_name("codespell")),
    "--builtin=clear,rare",
    # A language, a C library, a set of capabilities.
    "--ignore-words-list=te,musl,inh",
]
# What people do not write, or what tools write.
NOT_PROSE = {".txt", ".json", ".lock", ".png", ".svg", ".css", ".js"}

# What is written otherwise here, and how.
TERMS = {
    r"Git(?:hub|lab)\b": "GitHub, GitLab",
    r"\bN(?:ginx|GINX)\b": "nginx",
    r"\bPostgres\b|\bpostgres(?:ql)?\b": "PostgreSQL",
    r"(?<!-)\bdjango\b(?!-)": "Django",
    r"\bpython\b": "Python",
    r"\b(?:docker )?swarm mode\b|\bdocker swarm\b": "Docker Swarm, a swarm",
    r"\bhealth-check": "health check",
    r"\b(?:https|URL|IP)'s\b": "a plural has no apostrophe",
    r"\b(?:[Ss]imply|[Oo]bviously|[Jj]ust|[Pp]lease)\b": "nothing: the sentence is as good without it",
    r"\b(?:utili[sz]e|leverage)": "use",
    r"\b(?:e\.g|i\.e|etc)\.": "such as, that is",
}
# Words in a sentence.
LONGEST_SENTENCE = 40


def prose(page: Path) -> str:
    """Return the sentences of a Markdown page: no code, no tables, no addresses."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`]*`", "CODE", text)
    return re.sub(r"\]\([^)]*\)|<https?:[^>]*>|^\|.*$|^<!--.*$", "", text, flags=re.MULTILINE)


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; a heading and the item of a list are sentences too."""
    blocks = re.split(r"\n\s*\n|\n(?=\s*(?:[*-]|\d+\.) )|\n(?=#)", text)
    return [" ".join(one.split()) for block in blocks for one in re.split(r"(?<=[.!?:;])\s", block)]


@pytest.fixture(scope="module")
def pages(sources: list[Path]) -> list[Path]:
    return [path for path in sources if path.suffix == ".md"]


def test_spelling(sources: list[Path]) -> None:
    checked = [path for path in sources if path.suffix not in NOT_PROSE]
    result = run([*CODESPELL, *checked], check=False)

    assert (result.returncode, result.stdout) == (0, "")


def test_spelling_bites(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    # In two parts, so that this file itself is right.
    page.write_text(f"It rec{'ieves'} an image.\n", encoding="utf-8")

    with pytest.raises(CommandFailedError, match="receives"):
        run([*CODESPELL, page])


def test_terms(pages: list[Path]) -> None:
    found = [problem for page in pages for problem in wrong_terms(str(page), prose(page))]

    assert found == []


def test_sentences_are_short(pages: list[Path]) -> None:
    found = [
        f"{page}: {sentence}"
        for page in pages
        for sentence in sentences(prose(page))
        if len(sentence.split()) > LONGEST_SENTENCE
    ]

    assert found == []


def test_terms_bite() -> None:
    assert len(wrong_terms("page", "Nginx and Github, e.g. with postgres.")) == 4
    assert wrong_terms("page", "nginx, GitHub and PostgreSQL.") == []


def test_a_long_sentence_is_one() -> None:
    assert sentences("# One\n\nTwo three. Four\nfive.\n* six\n") == [
        "# One",
        "Two three.",
        "Four five.",
        "* six",
    ]


def wrong_terms(where: str, text: str) -> list[str]:
    """Return a line for each word that is written otherwise here."""
    return [
        f"{where}: {found[0]!r}; write: {right}"
        for wrong, right in TERMS.items()
        for found in re.finditer(wrong, text)
    ]
