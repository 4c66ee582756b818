import copy
from typing import Any

import pytest
from swarm_tool import releases, secret, status
from swarm_tool.environment import Environment
from swarm_tool.outcome import Problem

from .conftest import RecordedDocker, recorded
from .test_preflight import node
from .test_releases import made


def engine(docker: RecordedDocker, moment: dict[str, Any]) -> None:
    docker.answers |= {
        "node ls": "x",
        "node inspect": [[{**node("node-1"), "ID": moment["tasks"][0]["NodeID"]}]],
        "stack ps": "t",
        "inspect --type task": [moment["tasks"]],
        "service ls": "s",
        "service inspect": [[moment["service"]]],
        "config inspect": [[]],
    }


def test_status_at_a_glance(
    docker: RecordedDocker,
    environment: Environment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.settings["STACK"] = "dp-trial"
    engine(docker, recorded("completed"))
    monkeypatch.setattr(releases, "listed", lambda _: [made(7)])

    status.show(environment, watch=False)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "production: stack dp-trial, https://shop.test"
    assert lines[2].split()[:5] == ["app", "2/2", "one", "node-1", "healthy"]
    assert lines[3].startswith("last:    7 ")


def test_service_in_trouble() -> None:
    moment = recorded("updating")
    tasks = copy.deepcopy(moment["tasks"])
    tasks[0]["Status"].update(State="pending", Err="no suitable node")
    del tasks[0]["NodeID"]

    cells = status.row("app", moment["service"], tasks, {})

    assert cells[1] == "2/2"
    assert cells[4] == "healthy, pending, no suitable node"
    assert status.row("app", moment["service"], [], {})[4] == "no task"


STACK = {"secrets": {"tls_certificate": {"external": True, "name": "shop_tls_certificate_1"}}}


@pytest.fixture
def in_use(docker: RecordedDocker, monkeypatch: pytest.MonkeyPatch) -> str:
    """The fingerprint of a self-signed certificate that a release uses, noted as `secret set` does."""
    pem, _ = secret.self_signed("shop.test")
    end, fingerprint = secret.describe_certificate(pem)
    labels = {"not-after": end.isoformat(), "fingerprint": fingerprint, **secret.certificate_origin(pem)}
    noted = {"Spec": {"Labels": {f"deploy.{name}": text for name, text in labels.items()}}}
    docker.answers |= {"secret inspect": [[noted]], "secret ls": "shop_tls_certificate_1"}
    monkeypatch.setattr(releases, "listed", lambda _: [made(7, stack=STACK)])
    return fingerprint


def test_certificate_that_the_site_shows(
    environment: Environment, in_use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "answer", lambda _: (200, "one", in_use))

    lines = status.certificate(environment)

    assert lines[:2] == ["names:       shop.test", "issuer:      CN=shop.test"]
    assert lines[2].endswith(f"in {secret.SELF_SIGNED_DAYS - 1} days")
    assert lines[3:] == [f"fingerprint: {in_use}", "shown:       yes"]


def test_certificate_that_waits_and_a_site_that_shows_another(
    docker: RecordedDocker, environment: Environment, in_use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_use
    docker.answers["secret ls"] = "shop_tls_certificate_1 shop_tls_certificate_2"
    monkeypatch.setattr(status, "answer", lambda _: (503, "one", "0a1b"))

    lines = status.certificate(environment)

    assert lines[4:] == ["shown:       no: the site shows 0a1b", "version 2 waits for the next deploy"]


def test_certificate_of_a_site_that_is_away(environment: Environment, in_use: str) -> None:
    assert in_use
    environment.settings["VERIFY_ADDRESS"] = "127.0.0.1:1"

    assert "the site does not answer" in status.certificate(environment)[4]


def test_certificate_of_which_nothing_is_noted(
    docker: RecordedDocker, environment: Environment, in_use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.answers["secret inspect"] = [[{"Spec": {}}]]
    monkeypatch.setattr(status, "answer", lambda _: (200, "one", in_use))

    assert [line.split()[1] for line in status.certificate(environment)[:4]] == ["unknown"] * 4


def test_certificate_before_the_first_deploy(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "listed", lambda _: [])

    with pytest.raises(Problem, match="no certificate is in use"):
        status.certificate(environment)
