import pytest
from swarm_tool import preflight
from swarm_tool.docker import DockerError
from swarm_tool.outcome import Problem

from .conftest import RecordedDocker

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("reference", "known"),
    [
        ("registry.example.com:5000/shop/app:1", f"registry.example.com:5000/shop/app@{DIGEST}"),
        ("127.0.0.1:5000/app:1", f"127.0.0.1:5000/app@{DIGEST}"),
        ("postgres:17", f"postgres@{DIGEST}"),
        ("docker.io/library/postgres:17", f"postgres@{DIGEST}"),
    ],
)
def test_tag_becomes_a_digest(docker: RecordedDocker, reference: str, known: str) -> None:
    docker.answers |= {"image inspect": [[{"Id": "sha256:b", "RepoDigests": ["elsewhere@sha256:c", known]}]]}

    assert preflight.resolve_image(docker, reference) == f"{reference}@{DIGEST}"
    assert docker.calls[0] == f"pull --quiet {reference}"


def test_digest_stays(docker: RecordedDocker) -> None:
    docker.answers |= {"image inspect": [[{"Id": "sha256:b", "RepoDigests": []}]]}

    assert preflight.resolve_image(docker, f"app:1@{DIGEST}") == f"app:1@{DIGEST}"


def test_image_of_the_only_node_is_used_by_its_id(docker: RecordedDocker, refusal: DockerError) -> None:
    docker.answers |= {
        "pull": refusal,
        "image inspect": [[{"Id": DIGEST, "RepoDigests": []}]],
        "node ls": "one",
    }

    assert preflight.resolve_image(docker, "app:1") == DIGEST
    assert preflight.resolve_image(docker, DIGEST) == DIGEST
    assert docker.called(f"pull --quiet {DIGEST}") == []


def test_image_of_one_of_two_nodes_is_refused(docker: RecordedDocker, refusal: DockerError) -> None:
    docker.answers |= {
        "pull": refusal,
        "image inspect": [[{"Id": DIGEST, "RepoDigests": []}]],
        "node ls": "one two",
    }

    with pytest.raises(Problem) as problem:
        preflight.resolve_image(docker, "app:1")

    assert "the other nodes do not have it" in problem.value.why


def test_registry_that_is_away_does_not_stop_a_rollback(docker: RecordedDocker, refusal: DockerError) -> None:
    docker.answers |= {
        "pull": refusal,
        "image inspect": [[{"Id": "sha256:b"}]],
        "node ls": "one two",
    }

    assert preflight.resolve_image(docker, f"app:1@{DIGEST}") == f"app:1@{DIGEST}"


def test_image_that_does_not_exist(docker: RecordedDocker, refusal: DockerError) -> None:
    docker.answers |= {"pull": refusal, "image inspect": refusal, "manifest inspect": refusal}

    with pytest.raises(Problem, match="app:1 cannot be used"):
        preflight.resolve_image(docker, "app:1")
    with pytest.raises(Problem, match="app:1 does not exist"):
        preflight.check_image_exists(docker, "app:1")


def test_image_in_its_registry_alone_exists(docker: RecordedDocker, refusal: DockerError) -> None:
    docker.answers |= {"image inspect": refusal}

    preflight.check_image_exists(docker, "app:1")


@pytest.mark.parametrize(
    ("variables", "release"),
    [(["PATH=/bin", "RELEASE=1a2b"], "1a2b"), (["PATH=/bin"], "v1"), (None, "v1")],
)
def test_release_in_an_image(docker: RecordedDocker, variables: list[str] | None, release: str) -> None:
    docker.answers |= {"image inspect": [[{"Config": {"Env": variables}}]]}

    assert preflight.release_of(docker, f"registry:5000/app:v1@{DIGEST}") == release
