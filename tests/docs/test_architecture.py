"""The picture of the architecture is the drawn one, and shows the services that the stack has."""

from pathlib import Path

from tests.docs.architecture import PICTURE, SERVICES, drawing
from tests.docs.known import services


def test_the_picture_is_up_to_date() -> None:
    assert PICTURE.read_text(encoding="utf-8") == drawing(), "run `make pictures`"


def test_it_shows_every_service(example: Path) -> None:
    assert {box.name for box in SERVICES} == services(example)
