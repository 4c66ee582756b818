"""The command uses a running engine as it is, and ends only what it started.

The docker client and the engine are scripts here; `test_machine.py` does the same for real.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine import daemon, packages, record
from lab.engine.__main__ import main
from lab.wait import wait_until
from tests.lab.engine.conftest import AddProgram

# A client whose engine answers as long as the file `up` is there, and which keeps a log of its commands.
CLIENT = """\
cd {folder}
echo "$*" >> commands
case "$1 $2" in
    "context show") echo default ;;
    "version --format" | "version ") [ -e up ] && echo 26.1.5 ;;
    "info --format")
        [ -e up ] || exit 1
        case "$3" in
            *ControlAvailable*) [ -e swarm ] && echo true || echo false ;;
            *LocalNodeState*) [ -e swarm ] && echo active || cat state 2> /dev/null || echo inactive ;;
            *) cat swarm 2> /dev/null || true ;;
        esac ;;
    "swarm init") echo made-by-us > swarm ;;
    "swarm leave") rm swarm ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, add_program: AddProgram) -> Path:
    """A machine with a client and an engine that does not run. Returns the folder with its state."""
    folder = tmp_path / "machine"
    folder.mkdir()
    (folder / "commands").touch()
    add_program("docker", CLIENT.format(folder=folder))
    # The copy gives the process the name that it is known by.
    add_program("dockerd", f"cp /bin/sleep {folder}/dockerd; touch {folder}/up; exec {folder}/dockerd 60")
    return folder


@pytest.fixture(autouse=True)
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture(autouse=True)
def end_what_was_started() -> Iterator[None]:
    yield
    started = record.load()
    if started.pid and daemon.is_running(started.pid):
        daemon.stop(started.pid)


@pytest.mark.usefixtures("machine")
def test_start_starts_an_engine_and_stop_ends_it() -> None:
    assert main(["start"]) == 0
    pid = record.load().pid
    assert pid
    assert daemon.is_running(pid)

    assert main(["stop"]) == 0
    assert not daemon.is_running(pid)
    assert record.load() == record.Started()


def test_a_running_engine_is_used_as_it_is(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (machine / "up").touch()

    assert main(["start"]) == 0
    assert main(["stop"]) == 0

    assert "26.1.5 runs already and is used as it is" in capsys.readouterr().out
    assert (machine / "up").exists()
    assert not (machine / "dockerd").exists()


@pytest.mark.usefixtures("machine")
def test_the_engine_that_an_earlier_start_started_is_still_ours() -> None:
    main(["start"])
    pid = record.load().pid

    main(["start", "--swarm"])

    assert record.load() == record.Started(pid, "made-by-us")


def test_a_swarm_of_ours_is_left(machine: Path) -> None:
    (machine / "up").touch()

    assert main(["start", "--swarm"]) == 0
    assert main(["stop"]) == 0

    assert not (machine / "swarm").exists()


def test_a_swarm_that_was_there_is_kept(machine: Path) -> None:
    (machine / "up").touch()
    (machine / "swarm").write_text("made-by-others")

    assert main(["start", "--swarm"]) == 0
    assert main(["stop"]) == 0

    assert (machine / "swarm").read_text() == "made-by-others"


def test_a_swarm_that_replaced_ours_is_kept(machine: Path) -> None:
    (machine / "up").touch()
    main(["start", "--swarm"])
    (machine / "swarm").write_text("made-by-others")

    assert main(["stop"]) == 0

    assert (machine / "swarm").read_text() == "made-by-others"


def test_a_swarm_that_the_engine_does_not_manage_is_an_error(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (machine / "up").touch()
    (machine / "state").write_text("locked")

    assert main(["start", "--swarm"]) == 1

    assert "swarm state is 'locked'" in capsys.readouterr().err
    assert not (machine / "swarm").exists()


@pytest.mark.usefixtures("machine")
def test_a_process_that_took_over_the_id_is_not_ended() -> None:
    other = subprocess.Popen(["sleep", "60"])
    record.save(record.Started(other.pid))
    try:
        assert main(["stop"]) == 0
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_an_engine_elsewhere_that_is_down_is_not_replaced(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://elsewhere.test")

    assert main(["start"]) == 1

    assert "DOCKER_HOST=ssh://elsewhere.test does not answer" in capsys.readouterr().err
    assert not (machine / "dockerd").exists()


@pytest.mark.usefixtures("machine")
def test_an_engine_that_does_not_come_up_shows_its_log(
    add_program: AddProgram, capsys: pytest.CaptureFixture[str]
) -> None:
    add_program("dockerd", "echo 'no cgroups here' >&2; exit 1")

    assert main(["start"]) == 1

    assert "no cgroups here" in capsys.readouterr().err
    assert record.load() == record.Started()


def test_an_engine_that_never_answers_is_given_up_and_ended(
    machine: Path, add_program: AddProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "START_SECONDS", 1)
    add_program("dockerd", f"echo $$ > {machine}/pid; exec sleep 60")

    assert main(["start"]) == 1

    pid = int((machine / "pid").read_text())
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), 5, "the end of the engine")


def test_missing_plugins_of_a_running_engine_are_named(
    machine: Path, add_program: AddProgram, capsys: pytest.CaptureFixture[str]
) -> None:
    (machine / "up").touch()
    add_program("docker", CLIENT.format(folder=machine) + '[ "$1" != compose ]')

    assert main(["start"]) == 1

    assert "no compose plugin" in capsys.readouterr().err


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("program", ["docker", "dockerd"])
def test_missing_programs_are_installed(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tmp_path / "bin" / program
    found.rename(tmp_path / program)
    # Other machines have a docker in /usr/bin.
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/nowhere:{tmp_path / 'tools'}")
    (tmp_path / "tools").mkdir()
    for tool in ("cat", "cp", "rm", "touch", "sh"):
        (tmp_path / "tools" / tool).symlink_to(f"/bin/{tool}")
    monkeypatch.setattr(packages, "install", lambda: (tmp_path / program).rename(found))

    assert main(["start"]) == 0

    assert found.exists()


@pytest.mark.usefixtures("machine")
def test_status_tells_whether_an_engine_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    main(["start"])

    assert main(["status"]) == 0

    assert "engine 26.1.5, started by this checkout" in capsys.readouterr().out
