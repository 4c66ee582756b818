import base64
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from swarm_tool import releases
from swarm_tool.environment import Environment
from swarm_tool.outcome import Problem
from swarm_tool.releases import GOOD, Release

from .conftest import RecordedDocker


def made(number: int, outcome: str = GOOD, **more: Any) -> Release:
    stack = {"services": {"app": {"image": f"app:{number}"}}}
    return Release(
        number,
        f"v{number}",
        "deploy",
        f"app:{number}",
        "ann@laptop",
        "2026-01-01",
        outcome=outcome,
        **{"stack": stack, **more},
    )


def config(release: Release) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(release.__dict__).encode()).decode()
    return {"Spec": {"Name": f"shop_release_{release.number}", "Data": data}}


def test_what_is_recorded_can_be_read(docker: RecordedDocker, environment: Environment) -> None:
    releases.record(environment, made(2))
    (line,) = docker.called("config create")
    assert line.endswith("shop_release_2 -")
    assert "--label=deploy.stack=shop --label=deploy.kind=release" in line
    (text,) = filter(None, docker.values)
    assert Release(**json.loads(text)) == made(2)
    # It takes the place of what was noted when the release began.
    assert docker.calls[-1] == "config rm shop_release_2_begun"

    docker.answers |= {"config ls": "b a", "config inspect": [[config(made(10)), config(made(9))]]}
    assert releases.listed(environment) == [made(9), made(10)]


def test_pick_by_number_name_or_the_one_before() -> None:
    known = [made(1), made(2), made(3, "rolled back", stack={}), made(4)]

    assert releases.pick(known, "1").number == 1
    assert releases.pick(known, "v2").number == 2
    assert releases.pick(known, None).number == 2


def test_the_one_before_is_one_that_differs() -> None:
    known = [made(1), made(2), made(3, stack=made(2).stack)]

    assert releases.pick(known, None).number == 1


@pytest.mark.parametrize("wanted", ["3", "v9", None])
def test_nothing_to_pick(wanted: str | None) -> None:
    with pytest.raises(Problem) as problem:
        releases.pick([made(2), made(3, "rolled back")], wanted)

    assert problem.value.why == "kept: 2 (v2)"


def test_old_releases_are_forgotten(docker: RecordedDocker, environment: Environment) -> None:
    known = [made(1), made(2, "rolled back"), made(3), made(4, "rolled back"), made(5)]

    assert releases.forget(environment, known, 2) == [made(3).stack, made(5).stack]
    assert docker.called("config rm") == [
        "config rm shop_release_1_begun", "config rm shop_release_1",
        "config rm shop_release_2_begun", "config rm shop_release_2",
    ]  # fmt: skip


def test_release_that_is_not_finished_is_listed_until_it_is(
    docker: RecordedDocker, environment: Environment
) -> None:
    begun = made(2, releases.UNFINISHED)
    docker.answers |= {"config ls": "b a", "config inspect": [[config(begun), config(made(1))]]}
    assert releases.listed(environment) == [made(1), begun]

    docker.answers |= {"config inspect": [[config(made(2)), config(begun)]]}
    assert releases.listed(environment) == [made(2)]


def test_without_a_name_one_leaves_what_was_not_finished() -> None:
    assert releases.pick([made(1), made(2), made(3, releases.UNFINISHED)], None).number == 2
    assert releases.pick([made(1), made(2), made(3, releases.NOT_ROLLED_BACK)], None).number == 2
    assert releases.pick([made(1), made(2), made(3, releases.ROLLED_BACK)], None).number == 1


def test_gone_back_once_is_gone_back() -> None:
    known = [made(1), made(2), replace(made(1), number=3, what="rollback to 1")]

    with pytest.raises(Problem, match="somebody has gone back already"):
        releases.pick(known, None)
    assert releases.pick(known, "2").number == 2


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def nameless() -> str:
        raise error("no such user")

    monkeypatch.delenv("GITLAB_USER_LOGIN", raising=False)
    monkeypatch.setattr("getpass.getuser", nameless)

    assert re.match(r"uid-\d+@", releases.whoami())


def test_pipeline_is_told_from_its_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_USER_LOGIN", "ann")

    assert releases.whoami().startswith("ann@")
    assert "ann@laptop" in str(made(1))
