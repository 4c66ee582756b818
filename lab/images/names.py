"""The base images by their exact names, and where the recipe of each stand-in lies."""

import re
from pathlib import Path

RECIPES = Path(__file__).parent / "recipes"

# In the order in which they are built: what others are built from comes first.
NAMES = (
    "debian:trixie-slim",
    "python:3.13-slim-trixie",
    "node:22-trixie-slim",
    "postgres:17-trixie",
    "redis:8-trixie",
    "docker:28-cli",
    "docker:28-dind",
    "registry:2",
)


def recipe_of(name: str) -> Path:
    """Return the folder with the recipe of an image's stand-in."""
    own = RECIPES / name.replace(":", "-")
    return own if own.is_dir() else RECIPES / name.partition(":")[0]


def parents_of(name: str) -> list[str]:
    """Return the images that a stand-in is built from."""
    dockerfile = recipe_of(name) / "Dockerfile"
    return re.findall(r"^FROM (\S+)", dockerfile.read_text(), re.MULTILINE) if dockerfile.exists() else []
