"""Jobs and their parameters."""

from typing import Any

import pytest

from << cookiecutter.project_slug >>.jobs.lease import Lease
from << cookiecutter.project_slug >>.jobs.registry import (
    arguments,
    arguments_from_text,
    jobs,
)

from .conftest import Make


def example(lease: Lease, days: int, ratio: float = 1.0, dry: bool = False, name: str = "") -> None:
    pass


def test_the_jobs_of_the_project_are_found() -> None:
    assert set(jobs) == {"clear_sessions", "daily_report", "check_certificates"}


def test_two_jobs_of_one_name_are_refused(make: Make) -> None:
    make(example)
    with pytest.raises(ValueError, match="two jobs called 'test'"):
        make(example)


@pytest.mark.parametrize("hint", [None, list, dict[str, int]])
def test_parameter_that_json_does_not_know_is_refused(make: Make, hint: Any) -> None:
    def function(lease: Lease, days: Any) -> None:
        pass

    function.__annotations__["days"] = hint
    with pytest.raises(ValueError, match="give days a type, one of bool, int, float, str"):
        make(function)


@pytest.mark.parametrize(
    "given",
    [
        {"days": 3},
        {"days": 3, "ratio": 0.5, "dry": True, "name": "x"},
    ],
)
def test_declared_parameters_pass(make: Make, given: dict[str, Any]) -> None:
    assert arguments(make(example), given) == given


def test_whole_number_is_a_float_in_json(make: Make) -> None:
    assert type(arguments(make(example), {"days": 3, "ratio": 2})["ratio"]) is float


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "needs the parameter 'days'"),
        ({"days": "3"}, "days must be int, not str"),
        ({"days": True}, "days must be int, not bool"),
        ({"days": None}, "days must be int, not NoneType"),
        ({"days": 3, "ratio": "x"}, "ratio must be float, not str"),
        ({"days": 3, "dry": 1}, "dry must be bool, not int"),
        ({"days": 3, "ratio": float("nan")}, "ratio must be a number, not nan"),
        ({"days": 3, "name": "a\0"}, "name must not contain a NUL character"),
        ({"days": 3, "lease": "mine"}, "no parameter 'lease'"),
        ({"days": 3, "hours": 1}, "no parameter 'hours'"),
    ],
)
def test_anything_else_is_refused(make: Make, given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        arguments(make(example), given)


def test_words_become_values(make: Make) -> None:
    words = ["days=3", "ratio=0.5", "dry=true", "name=a=b"]
    assert arguments_from_text(make(example), words) == {
        "days": 3,
        "ratio": 0.5,
        "dry": True,
        "name": "a=b",
    }


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("days", "'days' is no parameter: write it as name=value"),
        ("days=three", "days must be int, not 'three'"),
        ("dry=yes", "dry must be true or false, not 'yes'"),
        ("hours=1", "no parameter 'hours'"),
    ],
)
def test_wrong_words_are_refused(make: Make, word: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        arguments_from_text(make(example), [word])
