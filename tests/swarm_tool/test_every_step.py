"""Killed, told to stop or cut off at any step, a command leaves the truth, and the next deploy succeeds."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .engine import STACK, WRITES, Done, Engine, Fault, Json, rendered

DONE, REFUSED, ROLLED_BACK, NOT_ROLLED_BACK = 0, 3, 4, 5
# The contents that the stack has as configs.
CONTENTS = len(json.loads(rendered(""))["configs"])
SERVICES = ("app", "cron", "db", "proxy", "redis", "site")
# A line of `releases`: how it ended, and its name.
LISTED = r"^ +\d+  \S+  (good|stopped|rolled back|not rolled back|not finished) +(\S+)"
Command = tuple[str, ...]
DEPLOY: Command = ("deploy", "--image=app:two", "--keep=1")


# What was done before, and the command that is disturbed.
SCENARIOS: dict[str, tuple[list[Command], Command]] = {
    "init": ([], ("init",)),
    "the first deploy": ([("init",)], DEPLOY),
    "a deploy with new secrets": (
        [
            ("init",),
            ("deploy", "--image=app:one"),
            ("secret", "set", "database_password", "--generate"),
            ("secret", "set", "redis_password", "--generate"),
        ],
        DEPLOY,
    ),
    "a deploy that goes back": ([("init",), ("deploy", "--image=app:one")], ("deploy", "--image=app:broken")),
    "a rollback": (
        [("init",), ("deploy", "--image=app:one"), ("deploy", "--image=app:migrates")],
        ("rollback",),
    ),
    "a new password of the database": (
        [("init",), ("deploy", "--image=app:one")],
        ("secret", "set", "database_password", "--generate"),
    ),
    "a new password of the cache": (
        [("init",), ("deploy", "--image=app:one")],
        ("secret", "set", "redis_password", "--generate"),
    ),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of an engine after the first steps of a scenario, made once for each."""
    made: dict[str, Path] = {}

    def prepare(scenario: str) -> Path:
        if scenario not in made:
            made[scenario] = tmp_path_factory.mktemp("prepared")
            engine = Engine(made[scenario])
            for command in SCENARIOS[scenario][0]:
                done = engine.run(*command)
                assert done.code == DONE, done.printed
            engine.change(broken=["app:broken"])
        return made[scenario]

    return prepare


@pytest.mark.parametrize("kind", ["kill", "term", "cut", "away"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_disturbed_at_every_step(
    prepared: Callable[[str], Path], tmp_path: Path, scenario: str, kind: str
) -> None:
    command = SCENARIOS[scenario][1]
    # An engine that never answered is not waited for: an answer may be lost from the second call on.
    for call in range(2 if kind == "cut" else 1, 1000):
        engine = Engine(Path(shutil.copytree(prepared(scenario), tmp_path / str(call))))
        before = running(engine)
        done = engine.run(*command, fault=Fault(kind, call))
        if len(done.calls) < call:
            break
        changed = bool(WRITES & set(done.calls[call - 1].split()[:2]))
        if kind == "kill" and not changed:
            # What is left of it is what the call before left.
            continue
        try:
            if kind == "term":
                # Told to stop, it gives its lock back, and leaves no task behind.
                assert f"{STACK}_lock" not in engine.names("config")
                assert not [name for name in engine.names("service") if name.endswith("_task")]
            if kind == "cut":
                assert done.code == (ROLLED_BACK if "broken" in " ".join(command) else DONE)
            tells_the_truth(engine, done, before)
            # What is left of a connection that stays away is what is left of a killed command.
            if kind in ("kill", "term") and changed:
                next_deploy_succeeds(engine, again=scenario == "init")
        except AssertionError as error:
            message = f"{kind} at call {call}, {done.calls[call - 1]}:\n{done.printed}\n{error}"
            raise AssertionError(message) from error
        shutil.rmtree(engine.folder)
    assert call > 3


def running(engine: Engine) -> str:
    """Return the release that the app's service carries; nothing when there is no app."""
    app = engine.state()["service"].get(f"{STACK}_app")
    return str(app["Spec"]["Labels"]["release"]) if app else ""


def tells_the_truth(engine: Engine, done: Done, before: str) -> None:
    """Expect that exit code, `status` and `releases` agree with what runs."""
    status, listed = map("\n".join, engine.look())
    outcomes = re.findall(LISTED, listed, re.MULTILINE)
    now = running(engine)
    if outcomes:
        outcome, name = outcomes[-1]
        assert f"{outcome:<15} {name}" in status
        if outcome == "good":
            assert now == name
        elif outcome in ("stopped", "rolled back"):
            assert now == before
    # The lock of one that was killed is known for what it is.
    assert "locked by" not in status or "has ended" in status
    if done.code == REFUSED:
        assert now == before
    if done.code == ROLLED_BACK:
        assert (now, outcomes[-1][0]) == (before, "rolled back")


def next_deploy_succeeds(engine: Engine, *, again: bool) -> None:
    """Deploy, after another `init` where that has to come first, and expect that nothing is left behind."""
    if again:
        assert engine.run("init").code == DONE
    done = engine.run("deploy", "--image=app:three", "--keep=1")
    assert done.code == DONE, done.printed
    assert running(engine) == "three"
    assert engine.names("service") == {f"{STACK}_{name}" for name in SERVICES}
    # One record, and no lock: the rest is what the services use.
    assert len([name for name in engine.names("config") if "_release_" in name]) == 1
    assert f"{STACK}_lock" not in engine.names("config")
    assert len(engine.names("config")) == 1 + CONTENTS
    # A password and the address that holds it are of one version.
    services = engine.state()["service"].values()
    used = {secret["SecretName"] for service in services for secret in secrets_of(service)}
    for password, address in (("database_password", "database_uri"), ("redis_password", "redis_uri")):
        (version,) = [name.rpartition("_")[2] for name in used if f"_{address}_" in name]
        assert f"{STACK}_{password}_{version}" in (engine.names("secret") if "database" in password else used)


def secrets_of(service: Json) -> list[Json]:
    found: list[Json] = service["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    return found
