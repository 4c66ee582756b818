"""The real image where it can be had, a stand-in where not; and it is said which of the two it was."""

from dataclasses import dataclass, field

import pytest

from lab.images import stand_in
from lab.images.__main__ import main
from lab.images.errors import ImageError
from lab.images.names import NAMES
from lab.images.provide import provide

DEBIAN, PYTHON, *OTHERS = NAMES
CURRENT = "current"


@dataclass
class World:
    """An engine with images (name to label), and a registry that has some (all others it refuses)."""

    engine: dict[str, str] = field(default_factory=dict)
    registry: set[str] = field(default_factory=set)
    pulled: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)

    def pull(self, name: str) -> str | None:
        self.pulled.append(name)
        return None if name in self.registry else "no such host"

    def build(self, name: str) -> None:
        self.built.append(name)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr("lab.images.provide.pull", world.pull)
    monkeypatch.setattr(stand_in, "build", world.build)
    monkeypatch.setattr(stand_in, "digest", lambda _: CURRENT)
    monkeypatch.setattr(stand_in, "label_of", world.engine.get)
    return world


def test_real_images_that_are_here_are_used(world: World) -> None:
    world.engine.update(dict.fromkeys(NAMES, ""))

    assert dict(provide()) == dict.fromkeys(NAMES, "real image, already here")
    assert world.pulled == world.built == []


def test_missing_images_are_pulled(world: World) -> None:
    world.registry.update(NAMES)

    assert dict(provide()) == dict.fromkeys(NAMES, "real image, pulled")
    assert world.built == []


def test_real_images_replace_stand_ins_when_they_can_be_had(world: World) -> None:
    world.engine.update(dict.fromkeys(NAMES, CURRENT))
    world.registry.update(NAMES)

    assert dict(provide()) == dict.fromkeys(NAMES, "real image, pulled")


def test_a_registry_that_fails_is_asked_once_and_stand_ins_are_built(world: World) -> None:
    used = dict(provide())

    assert world.pulled == [DEBIAN]
    assert world.built == list(NAMES)
    assert used[PYTHON] == "stand-in, built in 0 s (no such host)"


def test_a_registry_that_fails_later_is_asked_no_more(world: World) -> None:
    world.registry.add(DEBIAN)

    assert dict(provide())[DEBIAN] == "real image, pulled"
    assert world.pulled == [DEBIAN, PYTHON]
    assert world.built == [PYTHON, *OTHERS]


def test_only_stand_ins_of_an_old_recipe_are_built_again(world: World) -> None:
    world.engine.update(dict.fromkeys(NAMES, CURRENT) | {PYTHON: "old"})

    used = dict(provide())

    assert world.built == [PYTHON]
    assert used[DEBIAN] == "stand-in, already built"


def test_the_command_says_what_was_used(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.registry.add(DEBIAN)

    assert main() == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"{DEBIAN}: real image, pulled", f"{PYTHON}: stand-in, built in 0 s (no such host)"]


def test_the_command_fails_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ImageError("no debootstrap here")

    monkeypatch.setattr("lab.images.__main__.provide", fail)

    assert main() == 1
    assert capsys.readouterr().err == "error: no debootstrap here\n"
