"""Deploys and rollbacks against the engine that stands in for one; test_every_step.py disturbs them."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from .engine import RENDERED, STACK, Engine, Fault

DONE, REFUSED, ROLLED_BACK, NOT_ROLLED_BACK = 0, 3, 4, 5
HAND_OVER = f"stack deploy --detach=true --with-registry-auth --resolve-image=never --compose-file=- {STACK} "


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine after `init`."""
    monkeypatch.setattr("swarm_tool.deploy.VERIFY_DEADLINE", 0)
    engine = Engine(tmp_path)
    assert engine.run("init").code == DONE
    return engine


@pytest.fixture
def engine(fresh: Engine) -> Engine:
    """An engine with release `one`."""
    assert fresh.run("deploy", "--image=app:one").code == DONE
    return fresh


def records(engine: Engine) -> list[dict[str, Any]]:
    """Return the records of releases that have ended, by number."""
    found = [
        json.loads(base64.b64decode(config["Spec"]["Data"]))
        for config in engine.state()["config"].values()
        if config["Spec"]["Labels"]["deploy.kind"] == "release"
    ]
    return sorted(found, key=lambda record: int(record["number"]))


def call(engine: Engine, beginning: str, *command: str, last: bool = False) -> int:
    """Return the number of the docker client's call that begins like this, in a command that is tried out."""
    before = engine.state()
    calls = engine.run(*command).calls
    engine.change(**before)
    numbers = [number for number, line in enumerate(calls, start=1) if line.startswith(beginning)]
    return numbers[-1 if last else 0]


def image(engine: Engine, service: str) -> str:
    specification = engine.state()["service"][f"{STACK}_{service}"]["Spec"]
    return str(specification["TaskTemplate"]["ContainerSpec"]["Image"])


def test_good_deploy(engine: Engine) -> None:
    done = engine.run("deploy", "--image=app:migrates")

    assert done.code == DONE, done.printed
    stacks = [line.split()[6] for line in done.calls if line.startswith("stack deploy")]
    assert [name.rpartition("-")[0] for name in stacks] == [f"{STACK}-proxy-check", f"{STACK}-migrate", ""]
    record = records(engine)[-1]
    assert (record["number"], record["name"], record["outcome"]) == (2, "migrates", "good")
    assert record["stack"]["services"]["app"]["image"] == "app:migrates@sha256:migrates"
    assert record["migrations"] == ["shop.0002_price", "shop.0003_stock"]
    assert f"{STACK}_lock" not in engine.names("config")


def test_lock_comes_first_and_all_is_planned_once(engine: Engine) -> None:
    calls = engine.run("deploy", "--image=app:two").calls

    changes = [number for number, line in enumerate(calls) if " create " in line or " deploy " in line]
    assert f"{STACK}_lock" in calls[changes[0]]
    assert calls.count("image inspect app:two") == 1


def test_database_keeps_the_image_it_has(engine: Engine) -> None:
    engine.change(moved={"postgres:17-trixie": "moved"})

    assert engine.run("deploy", "--image=app:two").code == DONE

    assert image(engine, "db") == "postgres:17-trixie@sha256:17-trixie"


def test_first_deploy_brings_up_the_database_first(fresh: Engine) -> None:
    calls = fresh.run("deploy", "--image=app:one").calls

    handed_over = [line.removeprefix(HAND_OVER) for line in calls if line.startswith(HAND_OVER)]
    assert handed_over == ["db redis", "app cron db proxy redis site"]


def test_first_deploy_whose_database_failed_is_mended_by_the_next(fresh: Engine) -> None:
    fresh.change(broken=["postgres"])
    done = fresh.run("deploy", "--image=app:one")
    assert done.code == REFUSED
    assert "the rollout of db failed" in done.printed
    fresh.change(broken=[])
    # Files that were made with the first password want that one.
    assert fresh.run("secret", "set", "database_password", "--generate").code == DONE

    done = fresh.run("deploy", "--image=app:one")

    assert done.code == DONE, done.printed
    # Before the migration, which needs a database.
    handed_over = [line.removeprefix(HAND_OVER) for line in done.calls if line.startswith(HAND_OVER)]
    assert handed_over[0] == "db redis"
    secrets = fresh.state()["service"][f"{STACK}_db"]["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    assert [secret["SecretName"] for secret in secrets] == [f"{STACK}_database_password_1"]
    # What failed before the first good release is not needed any more.
    assert [record["outcome"] for record in records(fresh)] == ["good"]


def test_new_service_that_the_app_stands_on_fails_and_is_taken_away(engine: Engine) -> None:
    stack = with_search()
    engine.change(broken=["search"])
    before = engine.state()["service"]

    done = engine.run("deploy", "--image=app:two", stack=stack)

    assert done.code == REFUSED, done.printed
    assert "the rollout of search failed" in done.printed
    assert engine.state()["service"] == before
    assert records(engine)[-1]["outcome"] == "stopped"
    engine.change(broken=[])
    assert engine.run("deploy", "--image=app:two", stack=stack).code == DONE
    assert f"{STACK}_search" in engine.names("service")


def with_search() -> str:
    """Return the rendered stack with one more service that the app stands on, much like the cache."""
    text = RENDERED.read_text(encoding="utf-8")
    before, cache, after = text.partition("\n  redis:\n")
    cache += after.partition("\nnetworks:\n")[0]
    return before + cache.replace("redis:", "search:") + "\n  redis:\n" + after


def test_dry_run_changes_nothing(engine: Engine) -> None:
    before = engine.state()

    assert engine.run("deploy", "--image=app:two", "--dry-run").code == DONE

    assert engine.state() == before


@pytest.mark.parametrize(
    "call_that_fails",
    ["node ls", "secret ls", "config create --label=deploy.stack=shop --label=deploy.kind=content",
     "network ls", "stack deploy", "service ps"],
)  # fmt: skip
def test_failure_before_the_rollout_touches_nothing(engine: Engine, call_that_fails: str) -> None:
    number = call(engine, call_that_fails, "deploy", "--image=app:two")
    before = engine.state()["service"]

    done = engine.run("deploy", "--image=app:two", fault=Fault("refuse", number))

    assert done.code == REFUSED, done.printed
    assert "not today" in done.printed
    assert engine.state()["service"] == before
    assert f"{STACK}_lock" not in engine.names("config")
    assert [record["outcome"] for record in records(engine)] in (["good"], ["good", "stopped"])


def test_migration_that_fails_half_way_is_recorded_and_told(engine: Engine) -> None:
    before = engine.state()["service"]
    done = engine.run("deploy", "--image=app:migration-fails")

    assert done.code == REFUSED
    assert "why:   no such column\n" in done.printed
    applied = "shop.0002_price, shop.0003_stock (in part, perhaps)"
    assert f"migrations were applied, and stay applied: {applied}" in done.printed
    assert engine.state()["service"] == before
    assert " stopped " in engine.run("releases").printed
    assert engine.run("deploy", "--image=app:three").code == DONE
    assert (
        f"WARNING: migrations were applied since, and stay applied: {applied}"
        in engine.run("rollback").printed
    )


def test_deploy_that_was_killed_in_its_migration_is_told(engine: Engine) -> None:
    number = call(engine, "service logs --raw shop-migrate", "deploy", "--image=app:migrates", last=True)
    assert engine.run("deploy", "--image=app:migrates", fault=Fault("kill", number)).code < 0
    assert " not finished " in engine.run("status").printed

    done = engine.run("rollback")

    assert done.code == DONE, done.printed
    assert "to release 1 (one)" in done.printed
    assert "WARNING: release 2 was not finished: what it has migrated stays applied" in done.printed


@pytest.mark.parametrize(
    ("release", "fault"), [("broken", ""), ("liar", ""), ("two", "gap"), ("two", "term")]
)
def test_failed_rollout_goes_back(engine: Engine, release: str, fault: str) -> None:
    engine.change(broken=["app:broken"])
    # A connection that was lost may take as long to return as the rollout itself.
    engine.reconnect, engine.settings = 0, {"DEADLINE": "10"}
    number = call(engine, HAND_OVER, "deploy", f"--image=app:{release}")

    done = engine.run("deploy", f"--image=app:{release}", fault=Fault(fault, number))

    assert done.code == ROLLED_BACK, done.printed
    assert image(engine, "app") == "app:one@sha256:one"
    assert [(record["outcome"], bool(record["stack"])) for record in records(engine)] == [
        ("good", True), ("rolled back", False),
    ]  # fmt: skip


def test_going_back_fails_too(engine: Engine) -> None:
    engine.change(broken=["app:"])

    assert engine.run("deploy", "--image=app:two").code == NOT_ROLLED_BACK

    assert records(engine)[-1]["outcome"] == "not rolled back"


def test_first_deploy_has_nothing_to_go_back_to(fresh: Engine) -> None:
    fresh.change(broken=["app:"])

    assert fresh.run("deploy", "--image=app:one").code == NOT_ROLLED_BACK


def test_record_that_cannot_be_written_is_no_good_release(engine: Engine) -> None:
    beginning = "config create --label=deploy.stack=shop --label=deploy.kind=release"
    number = call(engine, beginning, "deploy", "--image=app:two")
    engine.reconnect, engine.settings = 0, {"DEADLINE": "10"}

    done = engine.run("deploy", "--image=app:two", fault=Fault("gap", number))

    # The engine has written it, and the answer was lost for longer than is waited for.
    assert done.code == ROLLED_BACK, done.printed
    assert [record["outcome"] for record in records(engine)] == ["good", "rolled back"]


def test_migration_whose_start_was_not_answered_runs_once(engine: Engine) -> None:
    beginning = HAND_OVER.removesuffix(" ") + "-migrate"
    number = call(engine, beginning, "deploy", "--image=app:migrates")

    done = engine.run("deploy", "--image=app:migrates", fault=Fault("cut", number))

    assert done.code == DONE, done.printed
    assert len([line for line in done.calls if line.startswith(beginning)]) == 1


@pytest.mark.parametrize(
    ("beginning", "code", "runs", "listed"),
    [("network ls", REFUSED, "one", "not finished"), (HAND_OVER, NOT_ROLLED_BACK, "two", "not finished")],
)
def test_lock_that_was_taken_away(engine: Engine, beginning: str, code: int, runs: str, listed: str) -> None:
    number = call(engine, beginning, "deploy", "--image=app:two")

    done = engine.run("deploy", "--image=app:two", fault=Fault("unlock", number))

    assert done.code == code, done.printed
    assert "the lock of test was lost" in done.printed
    assert image(engine, "app").startswith(f"app:{runs}@")
    assert [record["outcome"] for record in records(engine)] == ["good"]
    assert f"  {listed} " in engine.run("status").printed


def test_rollback_that_is_pressed_twice_stays_where_it_is(engine: Engine) -> None:
    engine.run("deploy", "--image=app:two")
    engine.run("deploy", "--image=app:three")
    assert engine.run("rollback").code == DONE

    done = engine.run("rollback")

    assert done.code == REFUSED
    assert "somebody has gone back already" in done.printed
    assert "release 4 is a rollback to 2, by " in done.printed
    assert image(engine, "app").startswith("app:two@")
    assert engine.run("rollback", "three").code == DONE
    assert image(engine, "app").startswith("app:three@")


def test_rollback_warns_of_migrations(engine: Engine) -> None:
    engine.run("deploy", "--image=app:migrates")
    engine.run("deploy", "--image=app:three")

    done = engine.run("rollback", "1")

    warning = "migrations were applied since, and stay applied: shop.0002_price, shop.0003_stock"
    assert warning in done.printed
    record = records(engine)[-1]
    assert (record["number"], record["name"], record["what"]) == (4, "one", "rollback to 1")
    assert record["stack"] == records(engine)[0]["stack"]


def test_record_of_another_client_and_another_version_is_read(engine: Engine) -> None:
    state = engine.state()
    config = state["config"][f"{STACK}_release_1"]
    record = json.loads(base64.b64decode(config["Spec"]["Data"]))
    record["stack"]["version"], record["noted_later"] = "3.13", "unknown"
    config["Spec"]["Data"] = base64.b64encode(json.dumps(record).encode()).decode()
    engine.change(**state)

    assert engine.run("deploy", "--image=app:two").code == DONE
    # The engine that stands in refuses any version.
    assert engine.run("rollback").code == DONE
    assert image(engine, "app").startswith("app:one@")
