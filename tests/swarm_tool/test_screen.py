import pytest
from swarm_tool.outcome import Screen


def test_pipeline_gets_a_line_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()

    screen.show({"app": "0/2", "db": "1/1"})
    screen.show({"app": "1/2", "db": "1/1"})

    assert capsys.readouterr().out.split() == ["app", "0/2", "db", "1/1", "app", "1/2"]


def test_terminal_gets_one_live_line_for_each_service(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    screen = Screen()

    screen.show({"app": "0/2", "db": "1/1"})
    assert "\x1b[2A" not in capsys.readouterr().out
    screen.show({"app": "1/2", "db": "1/1"})
    assert capsys.readouterr().out.startswith("\x1b[2A\x1b[2K")


def test_steps_are_timed_also_when_they_fail(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()

    with pytest.raises(ValueError, match="x"), screen.step("migrate"):
        raise ValueError("x")

    assert capsys.readouterr().out.startswith("== migrate\n   migrate: 0.0 s")
    assert screen.summary() == "migrate 0.0 s; 0.0 s in all"
