import os
import subprocess
import sys
from typing import Any

import pytest
from swarm_tool import command_line, environment
from swarm_tool.outcome import Exit, Problem


def main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["deploy/swarm", *arguments])
    monkeypatch.setattr("swarm_tool.command_line.signal.signal", lambda *_: None)
    return command_line.main()


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["deploy", "production"], ["secret", "production", "get"]]
)
def test_wrong_usage(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as error:
        main(monkeypatch, *arguments)

    assert error.value.code == Exit.USAGE


def test_unknown_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, "status", "moon") == Exit.REFUSED
    assert capsys.readouterr().err.startswith("error: no environment is called moon\nwhy:   ")


@pytest.mark.parametrize(
    ("raised", "arguments", "code"),
    [
        (Problem("a", "b", "c"), ["status", "production"], Exit.REFUSED),
        (Problem("a", "b", "c"), ["run", "production", "--", "ls", "-l"], Exit.RUN_FAILED),
        (KeyboardInterrupt(), ["deploy", "production", "--image", "app:1"], Exit.REFUSED),
        (KeyboardInterrupt(), ["logs", "production", "--follow"], Exit.DONE),
        (KeyboardInterrupt(), ["status", "production", "--watch"], Exit.DONE),
    ],
)
def test_exit_codes(
    raised: BaseException, arguments: list[str], code: Exit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> Any:
        raise raised

    monkeypatch.setattr(environment, "load", fail)

    assert main(monkeypatch, *arguments) == code


def test_help_explains_the_exit_codes() -> None:
    command = [sys.executable, str(environment.DEPLOY / "swarm"), "--help"]

    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "exit codes:\n  0    done" in printed
    assert "maintenance" in printed


def test_the_command_starts_by_itself() -> None:
    assert os.access(environment.DEPLOY / "swarm", os.X_OK)


def test_terminal_that_lacks_a_letter_is_no_reason_to_stop() -> None:
    command = [sys.executable, str(environment.DEPLOY / "swarm"), "status", "größer"]
    own = {**os.environ, "PYTHONIOENCODING": "ascii"}

    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)

    assert done.returncode == Exit.REFUSED
    assert "error: no environment is called gr\\xf6\\xdfer" in done.stderr
