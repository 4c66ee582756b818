"""What a run says at its end: the base images that were used, and what was measured; from all its workers."""

from typing import Any

import pytest

# What was used for each base image.
BASE_IMAGES = pytest.StashKey[dict[str, str]]()
FIGURES = pytest.StashKey[list[str]]()


def note_base_images(config: pytest.Config, used: dict[str, str]) -> None:
    """Note what was used for each base image."""
    config.stash.setdefault(BASE_IMAGES, {}).update(used)


def note_figure(config: pytest.Config, line: str) -> None:
    """Note a measured figure, in a line."""
    config.stash.setdefault(FIGURES, []).append(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its notes to the process that prints them."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["base_images"] = session.config.stash.get(BASE_IMAGES, {})
        output["figures"] = session.config.stash.get(FIGURES, [])


# It is a hook of pytest-xdist, which may be switched off.
@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the notes of a worker that has ended; one that crashed has none."""
    output = getattr(node, "workeroutput", {})
    note_base_images(node.config, output.get("base_images", {}))
    for line in output.get("figures", []):
        note_figure(node.config, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the notes."""
    sections = {
        "base images": [f"{name}: {origin}" for name, origin in config.stash.get(BASE_IMAGES, {}).items()],
        "measured on this machine": config.stash.get(FIGURES, []),
    }
    for title, lines in sections.items():
        if lines:
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.line(line)
