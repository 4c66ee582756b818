"""A stand-in is built again when what it is made of changes, and only then."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.images import machine, names, stand_in
from lab.images.names import NAMES, parents_of, recipe_of

DEBIAN, PYTHON, NODE, POSTGRES, REDIS, DOCKER, DIND, REGISTRY = NAMES


@pytest.fixture(autouse=True)
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the recipes that a test may change."""
    copy = tmp_path / "recipes"
    shutil.copytree(names.RECIPES, copy)
    monkeypatch.setattr(names, "RECIPES", copy)
    monkeypatch.setattr(machine, "files", lambda _: {"etc/apt/sources.list": "a mirror"})
    return copy


@pytest.fixture(autouse=True)
def forget_digests() -> Iterator[None]:
    stand_in.digest.cache_clear()
    yield
    stand_in.digest.cache_clear()


def changed_by(change: object) -> set[str]:
    """Returns the images whose digest a change changes."""
    before = {name: stand_in.digest(name) for name in NAMES}
    assert callable(change)
    change()
    stand_in.digest.cache_clear()
    return {name for name in NAMES if stand_in.digest(name) != before[name]}


def test_every_image_has_a_recipe_and_comes_after_its_parents() -> None:
    for position, name in enumerate(NAMES):
        assert recipe_of(name).is_dir()
        assert set(parents_of(name)) <= set(NAMES[:position])


def test_nothing_changed_is_nothing_to_build() -> None:
    assert changed_by(lambda: None) == set()


def test_a_recipe_changes_its_own_image(recipes: Path) -> None:
    entrypoint = recipes / "redis" / "docker-entrypoint.sh"

    assert changed_by(lambda: entrypoint.write_text("changed")) == {REDIS}


def test_a_recipe_changes_the_images_built_from_it(recipes: Path) -> None:
    assert changed_by((recipes / "python" / "more").touch) == {PYTHON, NODE}


def test_another_mirror_changes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def move() -> None:
        monkeypatch.setattr(machine, "files", lambda _: {"etc/apt/sources.list": "another mirror"})

    assert changed_by(move) == set(NAMES)
