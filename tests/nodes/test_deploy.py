"""The deploy command where a swarm has several nodes."""

from dataclasses import replace

import pytest

from lab.nodes import Node
from tests.harness.trial import Trial

pytestmark = pytest.mark.engine

REFUSED = 3


def statuses(trial: Trial, nodes: list[Node]) -> list[int]:
    """Return what the proxy of each node answers."""
    trial.take_certificate()
    return [replace(trial.site, address=node.address).get("/").status for node in nodes]


def test_every_node_runs_the_image_by_digest_and_answers(deployed: Trial, nodes: list[Node]) -> None:
    images = "--format={{.Node}} {{.Image}}"
    lines = nodes[0].docker(
        "stack", "ps", "--no-trunc", "--filter=desired-state=running", images, deployed.name
    )
    found = [line.split() for line in lines.stdout.splitlines()]

    assert {node for node, _ in found} == {node.name for node in nodes}
    assert all("@sha256:" in image for _, image in found)
    assert statuses(deployed, nodes) == [200, 200]


def test_maintenance_closes_the_site_on_every_node(deployed: Trial, nodes: list[Node]) -> None:
    deployed.swarm("maintenance", "on")
    closed = statuses(deployed, nodes)
    deployed.swarm("maintenance", "off")

    assert closed == [503, 503]
    assert statuses(deployed, nodes) == [200, 200]


def test_two_nodes_with_the_label_of_the_database(deployed: Trial, nodes: list[Node]) -> None:
    before = deployed.swarm("status")
    name = f"{deployed.name}.database"
    nodes[0].docker("node", "update", f"--label-add={name}=true", nodes[1].name)
    try:
        printed = deployed.swarm("deploy", "--image", running_image(deployed, nodes[0]), code=REFUSED)
        assert f"not one node is labelled {name}=true" in printed
        assert f"labelled: {', '.join(sorted(node.name for node in nodes))}" in printed
        assert "which node keeps the database is not clear" in deployed.swarm("init", code=REFUSED)
    finally:
        nodes[0].docker("node", "update", f"--label-rm={name}", nodes[1].name)

    assert deployed.swarm("status") == before
    assert "found: node" in deployed.swarm("init")


def running_image(trial: Trial, manager: Node) -> str:
    image = "--format={{.Spec.TaskTemplate.ContainerSpec.Image}}"
    return manager.docker("service", "inspect", image, f"{trial.name}_app").stdout.strip()
