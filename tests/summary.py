"""What a run says at its end: the base images that were used, and what was measured."""

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
