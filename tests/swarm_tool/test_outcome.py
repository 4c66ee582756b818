import pytest
from swarm_tool.outcome import EXIT_CODES, Exit, Problem, report


def test_a_problem_is_three_lines(capsys: pytest.CaptureFixture[str]) -> None:
    report(Problem("no deploy", "the image\n is gone", "push it"))

    assert capsys.readouterr().err == "error: no deploy\nwhy:   the image is gone\ndo:    push it\n"


def test_every_exit_code_is_explained_and_none_is_used_twice() -> None:
    explained = [int(line.split()[0]) for line in EXIT_CODES.splitlines()[1:]]

    assert explained == sorted(Exit)
