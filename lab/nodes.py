"""A swarm of several nodes on one machine: each node is an engine in a container."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import CompletedProcess

from lab.docker import address_of, docker, unique_name
from lab.foreground import serve
from lab.wait import wait_until

IMAGE = "docker:28-dind"
START_SECONDS = 60


@dataclass(frozen=True)
class Node:
    """One engine; `name` is its host name and that of its container on this machine."""

    name: str

    @property
    def network(self) -> str:
        """The network of all nodes of the swarm."""
        return self.name.rpartition("-")[0]

    @property
    def address(self) -> str:
        """Its address, which this machine and the other nodes reach."""
        return address_of(self.name)

    @property
    def host(self) -> str:
        """Its engine, for DOCKER_HOST."""
        return f"tcp://{self.address}:2375"

    def docker(self, *arguments: str, check: bool = True) -> CompletedProcess[str]:
        """Run the docker client against this node. Raises CommandFailedError when it fails."""
        return docker("--host", self.host, *arguments, check=check)


@contextmanager
def swarm_of(count: int) -> Iterator[list[Node]]:
    """Join `count` new nodes to a swarm while the block runs; the first one is its only manager."""
    network = unique_name("nodes")
    nodes = [Node(f"{network}-{number}") for number in range(1, count + 1)]
    docker("network", "create", network)
    try:
        for node in nodes:
            start(node, network)
        manager, *workers = nodes
        manager.docker("swarm", "init", "--advertise-addr", manager.address)
        token = manager.docker("swarm", "join-token", "--quiet", "worker").stdout.strip()
        for worker in workers:
            worker.docker("swarm", "join", "--token", token, f"{manager.address}:2377")
        yield nodes
    finally:
        docker("rm", "--force", "--volumes", *(node.name for node in nodes), check=False)
        docker("network", "rm", network, check=False)


def start(node: Node, network: str) -> None:
    """Start the engine of a node and wait until it answers."""
    docker(
        *("run", "--detach", "--privileged", "--network", network, "--name", node.name),
        *("--hostname", node.name, "--env=DOCKER_TLS_CERTDIR=", IMAGE),
        # Registries of the tests speak http, and have an address of the engine's pools.
        *("--insecure-registry=172.16.0.0/12", "--insecure-registry=192.168.0.0/16"),
    )
    wait_until(
        lambda: node.docker("version", check=False).returncode == 0, START_SECONDS, f"engine {node.name}"
    )


def describe(nodes: list[Node]) -> str:
    """Say how to use a swarm."""
    manager, *workers = nodes
    return (
        f"export DOCKER_HOST={manager.host}\n"
        f"The workers are: {', '.join(worker.name for worker in workers) or 'none'}. "
        f"A registry for them: python -m lab.registry {manager.network}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m lab.nodes", description="A swarm of several nodes.")
    parser.add_argument("count", nargs="?", type=int, choices=range(1, 10), default=2)
    serve(swarm_of(parser.parse_args().count), describe)
