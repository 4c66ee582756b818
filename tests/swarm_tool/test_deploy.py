import json
from collections.abc import Callable
from typing import Any

import pytest
from swarm_tool import images, job, lock, preflight, releases, rollout, stack
from swarm_tool.deploy import Deployment
from swarm_tool.docker import ConnectionLost
from swarm_tool.environment import Environment
from swarm_tool.outcome import Exit, Problem

from .conftest import RECORDED, RecordedDocker
from .test_releases import made


class Swarm:
    """What the steps of a deploy did, in order, and where it shall fail."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.fails: dict[str, BaseException] = {}
        self.recorded: list[releases.Release] = []

    def step(self, name: str, result: Any = None) -> Callable[..., Any]:
        def call(*_: Any, **__: Any) -> Any:
            self.did.append(name)
            if name in self.fails:
                raise self.fails.pop(name)
            return result

        return call


@pytest.fixture
def swarm(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Swarm:
    swarm = Swarm()
    text = (RECORDED / "rendered.yml").read_text(encoding="utf-8")
    text = text.replace("exampleapp-production", "shop")
    monkeypatch.setattr(Environment, "render", lambda *_, **__: text)
    monkeypatch.setattr(stack, "take_configs", lambda *_: [])
    for name in (
        "check_engine",
        "check_lint",
        "check_database_node",
        "check_exist",
        "check_certificate",
    ):
        monkeypatch.setattr(preflight, name, swarm.step(name))
    monkeypatch.setattr(images, "resolve", lambda _, reference: f"{reference}@pinned")
    monkeypatch.setattr(images, "release_of", lambda *_: "v9")
    monkeypatch.setattr(images, "check_exists", swarm.step("check image"))
    monkeypatch.setattr(job, "definition", lambda _, __, service, changes: service)
    monkeypatch.setattr(job, "remove_left_behind", lambda _: [])
    monkeypatch.setattr(
        job,
        "run",
        lambda _, service, purpose, __: swarm.step(
            purpose, job.Result(0, " Applying shop.0001_initial... OK\n")
        )(),
    )
    monkeypatch.setattr(rollout, "services_of", lambda _: dict.fromkeys(("app", "db", "proxy", "redis")))
    monkeypatch.setattr(rollout, "roll_out", lambda _, __, mark, *___: swarm.step(f"roll out {mark}")())
    monkeypatch.setattr(rollout, "remove_other_services", lambda *_: [])
    monkeypatch.setattr("swarm_tool.deploy.verify", lambda _, release, *__: swarm.step(f"verify {release}")())
    monkeypatch.setattr("swarm_tool.deploy.signal.signal", lambda *_: None)
    monkeypatch.setattr(releases, "listed", lambda _: [made(1)])
    monkeypatch.setattr(releases, "record", lambda _, release: swarm.recorded.append(release))
    return swarm


@pytest.fixture
def deployment(environment: Environment, swarm: Swarm) -> Deployment:
    return Deployment(environment, deadline=60, wait_for_lock=0)


def test_good_deploy(swarm: Swarm, deployment: Deployment, docker: RecordedDocker) -> None:
    assert deployment.deploy("app:9", False) == Exit.DONE

    assert swarm.did[-4:] == ["proxy-check", "migrate", "roll out 2", "verify v9"]
    (release,) = swarm.recorded
    assert (release.number, release.name, release.outcome) == (2, "v9", "good")
    assert release.stack["services"]["app"]["image"].endswith("@pinned")
    assert release.migrations == ["shop.0001_initial"]
    assert docker.called("config create")[0].endswith("shop_lock -")


def test_database_keeps_the_image_it_has(
    swarm: Swarm, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        releases, "listed", lambda _: [made(1, images={"postgres:17-trixie": "postgres@old"})]
    )

    deployment.deploy("app:9", False)

    assert swarm.recorded[0].stack["services"]["db"]["image"] == "postgres@old"


def test_first_deploy_brings_up_the_database_first(
    swarm: Swarm, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "listed", lambda _: [])
    monkeypatch.setattr(rollout, "services_of", lambda _: {})

    assert deployment.deploy("app:9", False) == Exit.DONE

    assert [step for step in swarm.did if "check_" not in step] == [
        "roll out 1-0", "proxy-check", "migrate", "roll out 1", "verify v9",
    ]  # fmt: skip


def test_dry_run_changes_nothing(swarm: Swarm, deployment: Deployment, docker: RecordedDocker) -> None:
    assert deployment.deploy("app:9", True) == Exit.DONE

    assert {step for step in swarm.did if "check" not in step} == set()
    assert [line for line in docker.calls if " ls" not in line and "inspect" not in line] == []


@pytest.mark.parametrize("step", ["check_engine", "check_lint", "check_exist", "proxy-check", "migrate"])
def test_failure_before_the_rollout_touches_nothing(swarm: Swarm, deployment: Deployment, step: str) -> None:
    swarm.fails[step] = Problem("no", "because", "do")

    with pytest.raises(Problem, match="no"):
        deployment.deploy("app:9", False)

    assert not [done for done in swarm.did if done.startswith("roll out")]
    assert swarm.recorded == []


def test_migration_that_exits_with_an_error(
    swarm: Swarm, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "run", lambda *_: job.Result(1, "one\nno such column\n"))

    with pytest.raises(Problem, match="failed with exit code 1") as problem:
        deployment.deploy("app:9", False)

    assert problem.value.why == "no such column"


@pytest.mark.parametrize(
    ("step", "failure"),
    [
        ("roll out 2", rollout.RolloutFailed("app", "a new task is failed")),
        ("roll out 2", ConnectionLost("the engine does not answer", "x", "y")),
        ("roll out 2", KeyboardInterrupt()),
        ("verify v9", Problem("the site does not answer", "x", "y")),
    ],
)
def test_failed_rollout_goes_back(
    swarm: Swarm, deployment: Deployment, docker: RecordedDocker, step: str, failure: BaseException
) -> None:
    swarm.fails[step] = failure

    assert deployment.deploy("app:9", False) == Exit.ROLLED_BACK

    assert swarm.did[-2:] == ["roll out 1", "verify v1"]
    assert [(release.outcome, release.stack) for release in swarm.recorded] == [("rolled back", {})]
    # A connection that was lost may take as long to return as the rollout itself.
    assert docker.patience == 60


@pytest.mark.parametrize("step", ["roll out 1", "verify v1"])
def test_going_back_fails_too(swarm: Swarm, deployment: Deployment, step: str) -> None:
    swarm.fails = {"roll out 2": Problem("a", "b", "c"), step: Problem("d", "e", "f")}

    assert deployment.deploy("app:9", False) == Exit.NOT_ROLLED_BACK
    assert swarm.recorded[0].outcome == "not rolled back"


def test_first_deploy_has_nothing_to_go_back_to(
    swarm: Swarm, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "listed", lambda _: [])
    swarm.fails["roll out 1"] = Problem("a", "b", "c")

    assert deployment.deploy("app:9", False) == Exit.NOT_ROLLED_BACK


def test_lock_is_given_back_when_the_deploy_fails(
    swarm: Swarm, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back = []
    monkeypatch.setattr(lock, "take", lambda *_: "mine")
    monkeypatch.setattr(lock, "holder", lambda _: given_back.append(1))
    swarm.fails["migrate"] = Problem("a", "b", "c")

    with pytest.raises(Problem):
        deployment.deploy("app:9", False)

    assert given_back


def test_rollback_warns_of_migrations(
    swarm: Swarm,
    deployment: Deployment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = [made(1), made(2, migrations=["shop.0002_price"]), made(3)]
    monkeypatch.setattr(releases, "listed", lambda _: known)

    assert deployment.rollback("1") == Exit.DONE

    assert "migrations were applied since, and stay applied: shop.0002_price" in capsys.readouterr().out
    (release,) = swarm.recorded
    assert (release.number, release.name, release.what) == (4, "v1", "rollback to 1")
    assert json.dumps(release.stack) == json.dumps({"services": {"app": {"image": "app:1@pinned"}}})
