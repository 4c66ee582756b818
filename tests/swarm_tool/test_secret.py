import io
from pathlib import Path
from typing import Any

import pytest
from swarm_tool import secret
from swarm_tool.environment import Environment
from swarm_tool.outcome import Problem

from .conftest import RecordedDocker

NAMES = (
    "secret_key",
    "database_password",
    "database_uri",
    "redis_password",
    "redis_uri",
    "tls_certificate",
    "tls_key",
)
STACK = {
    "services": {"db": {"environment": {"DATABASE": "bookings"}}},
    "secrets": {name: {"external": True, "name": f"shop_{name}_1"} for name in NAMES},
}


@pytest.fixture(autouse=True)
def sketch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "sketch", lambda _: STACK)


def made(docker: RecordedDocker) -> dict[str, str]:
    """Return the secrets that were made: full name and value."""
    lines = zip(docker.calls, docker.values, strict=True)
    return {line.split()[-2]: value for line, value in lines if line.startswith("secret create")}


def test_versions_of_this_stack_alone(docker: RecordedDocker, environment: Environment) -> None:
    docker.answers |= {
        "secret ls": "shop_secret_key_10 shop_secret_key_9 shop-staging_secret_key_11 shop_tls_key_1 other"
    }

    assert secret.versions(environment) == {"secret_key": [9, 10], "tls_key": [1]}
    assert secret.newest(environment) == {"secret_key": 10, "tls_key": 1}


def test_first_password_belongs_to_the_owner(docker: RecordedDocker, environment: Environment) -> None:
    secret.put(environment, "database_password", "p@ss")

    assert made(docker) == {
        "shop_database_password_1": "p@ss",
        "shop_database_uri_1": "postgres://bookings:p%40ss@db:5432/bookings",
    }


def test_later_passwords_have_a_login_of_their_own(docker: RecordedDocker, environment: Environment) -> None:
    docker.answers |= {"secret ls": "shop_database_password_1 shop_database_uri_2"}

    secret.put(environment, "database_password", "new")

    assert made(docker)["shop_database_password_3"] == "new"
    assert "://bookings_3:new@" in made(docker)["shop_database_uri_3"]


def test_redis_address_follows_its_password(docker: RecordedDocker, environment: Environment) -> None:
    secret.put(environment, "redis_password", "new")

    assert made(docker)["shop_redis_uri_1"] == "redis://:new@redis:6379/0"


def test_no_value_is_an_argument(docker: RecordedDocker, environment: Environment) -> None:
    secret.put(environment, "secret_key", "hidden")

    assert "hidden" in docker.values
    assert not [line for line in docker.calls if "hidden" in line]


def test_end_of_a_certificate_is_noted(docker: RecordedDocker, environment: Environment) -> None:
    pem, _ = secret.self_signed("shop.test")
    end, fingerprint = secret.describe_certificate(pem)

    secret.put(environment, "tls_certificate", pem)

    (line,) = docker.called("secret create")
    assert f"--label=deploy.not-after={end.isoformat()} --label=deploy.fingerprint={fingerprint}" in line


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("nonsense", "x", "no secret is called nonsense"),
        ("database_uri", "x", "not set by itself"),
        ("secret_key", "", "was not set"),
        ("tls_certificate", "x", "no certificate"),
    ],
)
def test_refused(docker: RecordedDocker, environment: Environment, name: str, value: str, what: str) -> None:
    with pytest.raises(Problem, match=what):
        secret.put(environment, name, value)

    assert made(docker) == {}


def test_value_from_a_file_or_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "value"
    file.write_text("from a file\n", encoding="utf-8")
    assert secret.read("secret_key", str(file)) == "from a file"

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("-----BEGIN é\r\n".encode()), "latin-1"))
    assert secret.read("redis_password", "-") == "-----BEGIN é"

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff")))
    with pytest.raises(Problem, match="cannot be read"):
        secret.read("redis_password", None)

    with pytest.raises(Problem, match="cannot be read"):
        secret.read("secret_key", str(tmp_path / "nothing"))


def test_generated_values_differ_and_need_no_quotes() -> None:
    first, second = secret.generate(), secret.generate()

    assert first != second
    assert len(first) >= 43
    assert first.replace("-", "").replace("_", "").isalnum()


def uses(**versions: int) -> dict[str, Any]:
    return {"secrets": {name: {"name": f"shop_{name}_{version}"} for name, version in versions.items()}}


def test_what_no_kept_release_uses_goes_and_what_waits_stays(
    docker: RecordedDocker, environment: Environment
) -> None:
    docker.answers |= {"secret ls": " ".join(f"shop_secret_key_{version}" for version in range(1, 6))}
    old, running = uses(secret_key=2), uses(secret_key=4)

    assert secret.unused(environment, [old, running], running) == [
        "shop_secret_key_1",
        "shop_secret_key_3",
    ]


def test_version_that_nobody_knows_is_kept(docker: RecordedDocker, environment: Environment) -> None:
    docker.answers |= {"secret ls": "shop_cron_api_key_0 shop_cron_api_key_1 shop_cron_api_key_2"}
    running = uses(cron_api_key=2)

    assert secret.unused(environment, [running], running) == ["shop_cron_api_key_1"]


def test_password_lives_as_long_as_its_address(docker: RecordedDocker, environment: Environment) -> None:
    have = [f"shop_database_{name}_{version}" for name in ("password", "uri") for version in (1, 2, 3)]
    docker.answers |= {"secret ls": " ".join(have)}
    old, running = (
        uses(database_password=1, database_uri=2),
        uses(database_password=1, database_uri=3),
    )

    assert secret.unused(environment, [old, running], running) == ["shop_database_uri_1"]
    assert secret.unused(environment, [running], running) == [
        "shop_database_password_2",
        "shop_database_uri_1",
        "shop_database_uri_2",
    ]
