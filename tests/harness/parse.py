"""Parse the files of a rendered project, each as what it is."""

import json
import tomllib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml

from lab.command import run
from tests.harness.tree import files_of, is_shell_script, shebang_of


class TolerantLoader(yaml.SafeLoader):
    """Accepts GitLab's own tags, such as !reference."""


TolerantLoader.add_multi_constructor("!", lambda _loader, _suffix, node: str(node))


def parse_python(path: Path) -> None:
    """Raise SyntaxError when it is no Python."""
    compile(path.read_bytes(), path, "exec")


def parse_toml(path: Path) -> None:
    """Raise TOMLDecodeError when it is no TOML."""
    tomllib.loads(path.read_text(encoding="utf-8"))


def parse_json(path: Path) -> None:
    """Raise JSONDecodeError when it is no JSON."""
    json.loads(path.read_text(encoding="utf-8"))


def parse_yaml(path: Path) -> None:
    """Raise YAMLError when it is no YAML."""
    # The loader derives from SafeLoader: it makes no objects.
    list(yaml.load_all(path.read_text(encoding="utf-8"), TolerantLoader))


def parse_shell(path: Path) -> None:
    """Raise CommandFailedError when a shell does not understand it."""
    run(["sh", "-n", path])


def parse_environment(path: Path) -> None:
    """Raise AssertionError unless each line is empty, a comment or NAME=value, as Docker reads it."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        name, equals, _ = line.partition("=")
        good = not line.strip() or line.startswith("#") or (equals and name.isidentifier())
        assert good, f"{path}:{number}: {line}"


class StrictHTMLParser(HTMLParser):
    """Notes elements that are closed in the wrong order, or never."""

    VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what was opened."""
        del attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Expect what was opened last."""
        assert self.open, f"line {self.getpos()[0]}: </{tag}> closes nothing"
        assert self.open.pop() == tag, f"line {self.getpos()[0]}: </{tag}> comes too early"

    # An element such as <path/> in an SVG opens nothing.
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember nothing."""


def parse_html(path: Path) -> None:
    """Raise AssertionError when elements are not closed, or in the wrong order."""
    parser = StrictHTMLParser()
    parser.feed(path.read_text(encoding="utf-8"))
    parser.close()
    assert not parser.open, f"never closed: {parser.open}"


PARSERS: dict[str, Callable[[Path], Any]] = {
    ".py": parse_python,
    ".toml": parse_toml,
    ".json": parse_json,
    ".yml": parse_yaml,
    ".yaml": parse_yaml,
    ".env": parse_environment,
    ".html": parse_html,
}


def parser_of(path: Path) -> Callable[[Path], Any] | None:
    """Return what parses the file at `path`, by its name or else by its first line; None if nothing does."""
    if path.suffix in PARSERS:
        return PARSERS[path.suffix]
    if is_shell_script(path):
        return parse_shell
    return parse_python if "python" in shebang_of(path) else None


def parse_all(project: Path) -> None:
    """Parse every file of `project` that some parser knows. Raises AssertionError that names the bad ones."""
    failures = []
    for path in files_of(project):
        parse = parser_of(project / path)
        if parse is None:
            continue
        try:
            parse(project / path)
        except (AssertionError, ValueError, SyntaxError, yaml.YAMLError) as error:
            failures.append(f"{path}: {error}")
    assert failures == [], "\n".join(failures)
