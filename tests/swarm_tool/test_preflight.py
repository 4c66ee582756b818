from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from swarm_tool import preflight
from swarm_tool.docker import DockerError
from swarm_tool.environment import Environment
from swarm_tool.outcome import Problem

from .conftest import RecordedDocker

STACK: dict[str, Any] = {
    "services": {"db": {"deploy": {"placement": {"constraints": ["node.labels.shop.database == true"]}}}},
    "secrets": {"tls_certificate": {"external": True, "name": "shop_tls_certificate_1"}},
}


def node(host: str, processor: str = "x86_64", state: str = "ready", **labels: str) -> dict[str, Any]:
    named = {name.replace("_", "."): value for name, value in labels.items()}
    platform = {"OS": "linux", "Architecture": processor}
    return {
        "ID": f"id-{host}-{state}",
        "Description": {"Hostname": host, "Platform": platform, "Engine": {"Labels": {"disk": "fast"}}},
        "Spec": {"Labels": named, "Role": "worker", "Availability": "active"},
        "Status": {"State": state},
    }


def swarm(docker: RecordedDocker, *nodes: dict[str, Any]) -> None:
    docker.answers.update({"node ls": "x", "node inspect": [list(nodes)]})


@pytest.mark.parametrize(
    ("client", "manager", "what"),
    [("25.0.1", "true", "too old"), ("28.2.2", "false", "no swarm manager")],
)
def test_engine_that_will_not_do(docker: RecordedDocker, client: str, manager: str, what: str) -> None:
    docker.answers |= {"version": client, "info": manager}

    with pytest.raises(Problem, match=what):
        preflight.check_engine(docker)


def test_engine_that_will_do(docker: RecordedDocker) -> None:
    docker.answers |= {"version": "28.2.2\n", "info": "true\n"}

    preflight.check_engine(docker)


def test_one_database_node(docker: RecordedDocker, environment: Environment) -> None:
    swarm(docker, node("a"), node("b", shop_database="true"), node("c", other_database="true"))

    preflight.check_database_node(environment, STACK)


@pytest.mark.parametrize(
    ("labelled", "remedy"), [("", "deploy/swarm init"), ("ab", "--label-rm shop.database")]
)
def test_no_or_two_database_nodes(
    docker: RecordedDocker, environment: Environment, labelled: str, remedy: str
) -> None:
    swarm(docker, node("c"), *(node(host, shop_database="true") for host in labelled))

    with pytest.raises(Problem, match=r"shop\.database=true") as problem:
        preflight.check_database_node(environment, STACK)

    assert remedy in problem.value.lines["do"]


def test_stack_without_a_labelled_database_needs_no_node(
    docker: RecordedDocker, environment: Environment
) -> None:
    swarm(docker, node("a"))

    preflight.check_database_node(environment, {"services": {}})


def test_two_nodes_of_one_name_are_two(docker: RecordedDocker, environment: Environment) -> None:
    old = node("a", state="down", shop_database="true")
    swarm(docker, node("a", shop_database="true"), old, node("b"))

    with pytest.raises(Problem) as problem:
        preflight.check_database_node(environment, STACK)

    assert problem.value.why == "labelled: id-a-down, id-a-ready"


def test_database_node_that_is_away(docker: RecordedDocker, environment: Environment) -> None:
    swarm(docker, node("a"), node("a", state="down", shop_database="true"))

    with pytest.raises(Problem, match="node id-a-down is down") as problem:
        preflight.check_database_node(environment, STACK)

    assert "docker node rm id-a-down" in problem.value.lines["do"]


def app(*constraints: str) -> dict[str, Any]:
    return {"services": {"app": {"image": "app:1", "deploy": {"placement": {"constraints": constraints}}}}}


@pytest.mark.parametrize(
    ("processor", "constraints", "refused"),
    [
        ("amd64", [], True),
        ("arm64", [], True),
        ("amd64", ["node.platform.arch == amd64"], False),
        ("amd64", ["node.labels.arm!=True"], False),
        ("arm64", ["node.labels.arm==true", "engine.labels.disk == fast"], False),
        ("arm64", ["node.hostname == a"], True),
        ("riscv64", ["node.role == manager"], False),
    ],
)
def test_image_for_another_processor(
    docker: RecordedDocker, environment: Environment, processor: str, constraints: list[str], refused: bool
) -> None:
    swarm(docker, node("a"), node("b", "aarch64", arm="true"), node("c", "s390x", "down"))
    docker.answers["image inspect"] = [[{"Os": "linux", "Architecture": processor}]]
    docker.answers["manifest inspect"] = {"config": {}}

    if not refused:
        preflight.check_processors(environment, app(*constraints))
        return
    with pytest.raises(Problem, match=f"image app:1 is for linux/{processor}"):
        preflight.check_processors(environment, app(*constraints))


def test_image_for_several_processors(
    docker: RecordedDocker, environment: Environment, refusal: DockerError
) -> None:
    swarm(docker, node("a"), node("b", "aarch64"))
    docker.answers["image inspect"] = [[{"Os": "linux", "Architecture": "amd64"}]]
    each = [{"platform": {"os": "linux", "architecture": name}} for name in ("amd64", "arm64")]
    docker.answers["manifest inspect"] = {"manifests": each}

    preflight.check_processors(environment, app())

    # The registry does not tell, and one node would fail.
    docker.answers["manifest inspect"] = refusal
    with pytest.raises(Problem, match="is for linux/amd64"):
        preflight.check_processors(environment, app())


def test_image_that_the_manager_does_not_have(docker: RecordedDocker, environment: Environment) -> None:
    swarm(docker, node("a"))

    preflight.check_processors(environment, app())


def test_missing_secret_is_named(docker: RecordedDocker, environment: Environment) -> None:
    docker.answers |= {"secret ls": "shop_tls_certificate_2", "config ls": "shop_tls_certificate_1"}

    with pytest.raises(Problem, match="secrets are missing") as problem:
        preflight.check_exist(environment, STACK, "secrets")
    assert problem.value.why == "the swarm has no shop_tls_certificate_1"
    preflight.check_exist(environment, {"configs": STACK["secrets"]}, "configs")


def certificate(docker: RecordedDocker, days: float) -> None:
    end = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    docker.answers |= {"secret inspect": [[{"Spec": {"Labels": {"deploy.not-after": end}}}]]}


@pytest.mark.parametrize(("days", "what"), [(-1, "has expired"), (2, "about to expire")])
def test_certificate_that_ends(
    docker: RecordedDocker, environment: Environment, days: float, what: str
) -> None:
    certificate(docker, days)

    with pytest.raises(Problem, match=what):
        preflight.check_certificate(environment, STACK)


def test_certificate_that_lasts(
    docker: RecordedDocker, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate(docker, 60)
    preflight.check_certificate(environment, STACK)
    assert capsys.readouterr().out == ""

    certificate(docker, 10)
    preflight.check_certificate(environment, STACK)
    assert "ends in 10 days" in capsys.readouterr().out

    environment.settings["CERTIFICATE_DAYS"] = "14"
    with pytest.raises(Problem, match="about to expire"):
        preflight.check_certificate(environment, STACK)


def test_certificate_made_by_hand_is_mentioned(
    docker: RecordedDocker, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    docker.answers |= {"secret inspect": [[{"Spec": {}}]]}

    preflight.check_certificate(environment, STACK)

    assert "not known" in capsys.readouterr().out


def test_what_the_swarm_ignores_is_refused(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Problem, match="does not say what the swarm would do"):
        preflight.check_lint(environment, "services:\n  app:\n    image: app:latest\n")

    assert "deploy/stack.yml:" in capsys.readouterr().out
