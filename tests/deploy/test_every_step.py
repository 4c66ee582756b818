"""Killed or cut off where something changes; tests/swarm_tool does it at each call, to a stand-in."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.harness.trial import Trial

pytestmark = pytest.mark.swarm

# A docker client that does what it is told, and then, once for each command, kills whoever told it or loses
# its answer.
CLIENT = """\
#!/bin/sh
what={what}
mark=$(echo "$*" | sed -E 's/[0-9a-f]{{6,}}//g' | cksum | tr ' ' -)
case "$*" in
{pattern}) mkdir "{folder}/$mark" 2>/dev/null || exec {client} "$@" ;;
*) exec {client} "$@" ;;
esac
{client} "$@"
[ $what = lose ] || kill -$what $PPID
sleep 0.5
echo "error during connect: unexpected EOF" >&2
exit 1
"""
# Steps of a deploy, each by the call of the docker client that begins or ends it.
STEPS = {
    "the lock": "config?create*_lock*",
    "the migration": "stack?deploy*-migrate-*",
    "the rollout": "stack?deploy*=-?{stack}",
    "the record": "config?create*kind=release*",
    "the end": "config?rm*",
}


def with_client(trial: Trial, folder: Path, what: str, pattern: str) -> None:
    """Put such a client before the real one on the operator's PATH."""
    folder.mkdir()
    text = CLIENT.format(what=what, pattern=pattern, client=shutil.which("docker"), folder=folder)
    (folder / "docker").write_text(text, encoding="utf-8")
    (folder / "docker").chmod(0o755)
    trial.variables = {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize("step", STEPS)
def test_killed(trial: Trial, tmp_path: Path, step: str) -> None:
    tag = trial.release("two")
    trial.configure(REPLICAS="1")
    with_client(trial, tmp_path / "client", "KILL", STEPS[step].format(stack=trial.name))
    try:
        trial.swarm("deploy", f"--image={tag}", code=-signal.SIGKILL)
    finally:
        trial.variables = {}
    status = trial.swarm("status")
    assert "has ended" in status.splitlines()[-1]
    last = trial.swarm("releases").splitlines()[-1].split()[2:5]
    expected = {"the lock": "one", "the record": "two", "the end": "two"}.get(step, "finished two")
    assert " ".join(last).removeprefix("good ").removeprefix("not ").startswith(expected), status

    printed = trial.deploy("two")

    assert "the lock was left behind by" in printed
    trial.whole("two")
    trial.configure()


def test_secret_whose_making_was_killed(trial: Trial, tmp_path: Path) -> None:
    with_client(trial, tmp_path / "client", "KILL", "secret?create*_redis_password_*")
    try:
        trial.swarm("secret", "set", "redis_password", "--generate", code=-signal.SIGKILL)
    finally:
        trial.variables = {}

    # Its address was not made: what runs stays.
    assert "services that change: none" in trial.deploy("one")
    trial.swarm("secret", "set", "redis_password", "--generate")
    trial.deploy("one")
    trial.whole("one")


def test_every_answer_about_a_change_is_lost_once(trial: Trial, tmp_path: Path) -> None:
    tag = trial.release("two")
    with_client(trial, tmp_path / "client", "lose", '*" create "*|*" rm "*|"stack deploy "*')
    try:
        trial.swarm("secret", "set", "database_password", "--generate")
        printed = trial.swarm("deploy", f"--image={tag}", "--keep=1")
    finally:
        trial.variables = {}

    assert printed.count("connection lost") > 8, printed
    assert "error:" not in printed
    trial.whole("two")
