import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from swarm_tool.docker import ConnectionLost, Docker, DockerError
from swarm_tool.environment import DEPLOY
from swarm_tool.outcome import Problem

from .conftest import RecordedDocker


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker client of a few lines; a test writes what it does."""
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("swarm_tool.docker.time.sleep", lambda _: None)
    return program


def test_value_goes_through_standard_input(client: Path) -> None:
    client.write_text('#!/bin/sh\necho "$@"; cat; echo "$DOCKER_HOST"\n', encoding="utf-8")

    printed = Docker({"DOCKER_HOST": "ssh://manager"}).text("secret", "create", "x", "-", value="hidden\n")

    assert printed == "secret create x -\nhidden\nssh://manager\n"


def test_machine_without_a_docker_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    for ask in (Docker({}).text, Docker({}).start, Docker({}).attach):
        with pytest.raises(Problem, match="client cannot be started") as problem:
            ask("info")
        assert "docker-cli" in problem.value.lines["do"]


@pytest.mark.parametrize("locale", ["C", "de_DE.ISO-8859-1"])
def test_values_are_utf_8_whatever_the_locale_is(client: Path, locale: str) -> None:
    client.write_text("#!/bin/sh\ncat\n", encoding="utf-8")
    # Python reads the locale once, at its start.
    text = ascii("é — 👋")
    script = f"from swarm_tool.docker import Docker; assert Docker({{}}).text('x', value={text}) == {text}"
    own = {"LC_ALL": locale, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONPATH": str(DEPLOY)}

    subprocess.run([sys.executable, "-c", script], env={**os.environ, **own}, check=True)


def test_command_that_goes_on_can_be_read_and_ended(client: Path) -> None:
    client.write_text("#!/bin/sh\necho one; echo two >&2; exec sleep 60\n", encoding="utf-8")

    with Docker({}).start("events", both=True) as running:
        assert running.stdout is not None
        assert [running.stdout.readline() for _ in range(2)] == [b"one\n", b"two\n"]
        running.kill()

    assert running.returncode < 0


def test_command_with_the_terminal_gives_its_exit_code(client: Path) -> None:
    client.write_text("#!/bin/sh\nexit 7\n", encoding="utf-8")

    assert Docker({}).attach("exec", "c") == 7


def test_a_context_wins_over_the_shell(client: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://elsewhere")
    client.write_text('#!/bin/sh\necho "$DOCKER_CONTEXT-$DOCKER_HOST"\n', encoding="utf-8")

    assert Docker({"DOCKER_CONTEXT": "shop"}).text("info") == "shop-\n"


def test_the_engine_says_no(client: Path) -> None:
    client.write_text("#!/bin/sh\necho 'Error: no such image: x' >&2; exit 1\n", encoding="utf-8")

    with pytest.raises(DockerError) as error:
        Docker({}).text("image", "inspect", "x")

    assert error.value.why == "Error: no such image: x"


def test_what_the_engine_cannot_reach_is_an_answer(client: Path) -> None:
    message = "Error response from daemon: dial tcp 192.0.2.1:443: connect: connection refused"
    client.write_text(f"#!/bin/sh\necho '{message}' >&2; exit 1\n", encoding="utf-8")

    with pytest.raises(DockerError):
        Docker({}).text("pull", "registry.example.com/shop:1")


def test_stack_that_the_swarm_changes_meanwhile_is_handed_over_again(client: Path) -> None:
    marks = client.with_name("marks")
    message = "failed to update service shop_app: rpc error: code = Unknown desc = update out of sequence"
    client.write_text(
        f"#!/bin/sh\necho x >> {marks}\n"
        f"[ $(wc -l < {marks}) -gt 2 ] || {{ echo '{message}' >&2; exit 1; }}\n",
        encoding="utf-8",
    )

    Docker({}).deploy_stack("shop", "{}")

    assert marks.read_text(encoding="utf-8") == "x\nx\nx\n"


@pytest.mark.parametrize(
    "message",
    [
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "error during connect: Get http://docker.example.com/v1.45/info: command [ssh] has exited with 255",
    ],
)
def test_a_lost_connection_that_returns(
    client: Path, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    marks = client.with_name("marks")
    client.write_text(
        f"#!/bin/sh\necho x >> {marks}\n"
        f"[ $(wc -l < {marks}) -ne 2 ] || {{ printf '%s' '{message}' >&2; exit 1; }}\necho yes\n",
        encoding="utf-8",
    )
    engine = Docker({})

    assert engine.text("info") == "yes\n"
    assert engine.text("info") == "yes\n"
    assert "connection lost" in capsys.readouterr().out


def test_an_engine_that_never_answered_is_not_waited_for(client: Path) -> None:
    marks = client.with_name("marks")
    client.write_text(
        f"#!/bin/sh\necho x >> {marks}\necho 'error during connect: x' >&2; exit 1\n",
        encoding="utf-8",
    )

    with pytest.raises(ConnectionLost):
        Docker({}).text("info")

    assert marks.read_text(encoding="utf-8") == "x\n"


def test_a_silent_client_counts_as_lost(client: Path) -> None:
    client.write_text("#!/bin/sh\nexec sleep 5\n", encoding="utf-8")

    with pytest.raises(ConnectionLost) as error:
        Docker({}).text("info", timeout=0.2)

    assert "no answer within" in error.value.why


def test_what_is_gone_is_left_out(docker: RecordedDocker, refusal: DockerError) -> None:
    docker.answers |= {
        "inspect --type task a b": refusal,
        "inspect --type task a": [[{"ID": "a"}]],
        "inspect --type task b": refusal,
    }

    assert docker.inspect("task", ["a", "b"]) == [{"ID": "a"}]
    assert docker.inspect("task", []) == []
