"""What the template asks for."""

import json

from tests.harness.bake import TEMPLATE

QUESTIONS = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))


def test_ten_questions_at_most() -> None:
    assert len([name for name in QUESTIONS if not name.startswith("_")]) <= 10


def test_every_question_has_a_text_for_people() -> None:
    asked = [name for name in QUESTIONS if not name.startswith("_")]

    assert list(QUESTIONS["__prompts__"]) == asked
    assert all(QUESTIONS["__prompts__"].values())
