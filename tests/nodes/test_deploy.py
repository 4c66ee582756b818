"""The deploy command where a swarm has several nodes."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.nodes import Node
from lab.wait import wait_until
from tests.harness.certificate import make_certificate
from tests.harness.trial import DOMAIN, Trial

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


def test_new_certificate_reaches_every_node_and_one_that_comes_later(
    deployed: Trial, nodes: list[Node], tmp_path: Path
) -> None:
    manager, worker = nodes
    image = running_image(deployed, manager)
    manager.docker("node", "update", "--availability=drain", worker.name)
    try:
        first = make_certificate(tmp_path, DOMAIN).certificate.read_text(encoding="ascii")
        set_certificate(deployed, tmp_path)
        deployed.swarm("deploy", "--image", image)
        assert shown(deployed, manager) == first
    finally:
        manager.docker("node", "update", "--availability=active", worker.name)
    wait_until(lambda: shown(deployed, worker) == first, 60, "the certificate on the node that came later")

    second = make_certificate(tmp_path, DOMAIN).certificate.read_text(encoding="ascii")
    set_certificate(deployed, tmp_path)
    deployed.swarm("deploy", "--image", image)
    assert [shown(deployed, node) for node in nodes] == [second, second]


def set_certificate(trial: Trial, folder: Path) -> None:
    for name, suffix in (("tls_certificate", "crt"), ("tls_key", "key")):
        trial.swarm("secret", "set", name, f"--from-file={folder / DOMAIN}.{suffix}")


def shown(trial: Trial, node: Node) -> str:
    """Return the certificate that the proxy of a node shows."""
    return replace(trial, address=node.address).take_certificate()


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
