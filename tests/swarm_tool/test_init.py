from pathlib import Path
from typing import Any

import pytest
from swarm_tool.environment import Environment
from swarm_tool.init import prepare
from swarm_tool.outcome import Problem
from swarm_tool.secret import self_signed

from .conftest import RecordedDocker
from .test_preflight import node, swarm

NAMES = (
    "secret_key",
    "database_password",
    "database_uri",
    "email_uri",
    "tls_certificate",
    "tls_key",
)


@pytest.fixture(autouse=True)
def manager(docker: RecordedDocker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "sketch", lambda _: uses({name: f"shop_{name}_1" for name in NAMES}))
    docker.answers |= {"version": "28.2.2", "info": "true"}


def uses(names: dict[str, str]) -> dict[str, Any]:
    """Return a stack that uses secrets, each under its full name."""
    services = {"db": {"environment": {"DATABASE": "bookings"}}}
    return {"services": services, "secrets": {key: {"name": name} for key, name in names.items()}}


def made(docker: RecordedDocker) -> dict[str, str]:
    lines = zip(docker.calls, docker.values, strict=True)
    return {line.split()[-2]: value for line, value in lines if line.startswith("secret create")}


def test_everything_is_made(docker: RecordedDocker, environment: Environment) -> None:
    swarm(docker, node("a"))

    prepare(environment, None, None, None)

    assert docker.called("node update") == ["node update --label-add shop.database=true a"]
    assert set(made(docker)) == {f"shop_{name}_1" for name in NAMES}
    assert made(docker)["shop_email_uri_1"] == "consolemail://"
    assert made(docker)["shop_database_password_1"] in made(docker)["shop_database_uri_1"]


def test_nothing_is_made_twice(
    docker: RecordedDocker, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    swarm(docker, node("a", shop_database="true"))
    docker.answers["secret ls"] = " ".join(f"shop_{name}_2" for name in NAMES)

    prepare(environment, None, None, None)

    assert docker.called("node update") == []
    assert made(docker) == {}
    assert "found: secret secret_key, version 2" in capsys.readouterr().out


def test_given_certificate_is_taken(docker: RecordedDocker, environment: Environment, tmp_path: Path) -> None:
    swarm(docker, node("a"))
    given = self_signed("shop.test")
    files = [tmp_path / "certificate", tmp_path / "key"]
    for file, text in zip(files, given, strict=True):
        file.write_text(text, encoding="ascii")

    prepare(environment, None, *map(str, files))

    assert (made(docker)["shop_tls_certificate_1"], made(docker)["shop_tls_key_1"]) == given


@pytest.mark.parametrize(
    ("nodes", "wanted"),
    [
        ([node("a"), node("b")], None),
        ([node("a")], "moon"),
        ([node("a", shop_database="true"), node("b", shop_database="true")], None),
        ([node("a", shop_database="true"), node("b")], "b"),
    ],
)
def test_node_that_is_not_clear(
    docker: RecordedDocker,
    environment: Environment,
    nodes: list[dict[str, Any]],
    wanted: str | None,
) -> None:
    swarm(docker, *nodes)

    with pytest.raises(Problem, match="which node keeps the database is not clear"):
        prepare(environment, wanted, None, None)

    assert docker.called("node update") == []


def test_version_that_nobody_knows_is_made_once(
    docker: RecordedDocker, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {name: f"shop_{name}_1" for name in (*NAMES, "cron_api_key")}
    keys["cron_api_key_previous"] = "shop_cron_api_key_0"
    monkeypatch.setattr(Environment, "sketch", lambda _: uses(keys))
    swarm(docker, node("a"))

    prepare(environment, None, None, None)
    assert {"shop_cron_api_key_0", "shop_cron_api_key_1"} <= set(made(docker))

    docker.answers["secret ls"] = " ".join(keys.values())
    docker.calls.clear()
    docker.values.clear()
    prepare(environment, None, None, None)
    assert "shop_cron_api_key_0" not in made(docker)


def test_named_node(docker: RecordedDocker, environment: Environment) -> None:
    swarm(docker, node("a"), node("b"))

    prepare(environment, "b", None, None)

    assert docker.called("node update") == ["node update --label-add shop.database=true b"]


def test_certificate_without_its_key(environment: Environment) -> None:
    with pytest.raises(Problem, match="belong together"):
        prepare(environment, None, "file", None)
