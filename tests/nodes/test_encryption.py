"""What crosses from one node to another: readable without `stack.encrypted.yml`, and never with it."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import yaml

from lab.docker import docker
from lab.nodes import Node
from lab.registry import OpenRegistry
from lab.wait import wait_until
from tests.harness.bake import TEMPLATE

pytestmark = pytest.mark.engine

# What is sent, and what all packets are read for.
MARK = "readable-by-whoever-listens"
ALL_PROTOCOLS = 0x0003
# Of linux/if_packet.h, which the socket module does not name.
SOL_PACKET, ADD_MEMBERSHIP, PROMISCUOUS = 263, 1, 1


@pytest.mark.parametrize("overlay", [[], ["encrypted"]])
def test_what_somebody_between_the_nodes_can_read(
    nodes: list[Node], registry: OpenRegistry, overlay: list[str]
) -> None:
    manager, worker = nodes
    image = registry.push("redis:8-trixie", "redis:8")
    name = "-".join(["listened", *overlay])
    options = [f"--opt={key}={value}" for key, value in options_of(overlay).items()]
    manager.docker("network", "create", "--driver=overlay", *options, name)
    common = ("service", "create", "--detach", "--quiet", "--endpoint-mode=dnsrr", f"--network={name}")
    try:
        for service, node, command in (
            ("server", manager, ["redis-server", "--protected-mode", "no"]),
            ("client", worker, ["sleep", "infinity"]),
        ):
            where = f"--constraint=node.hostname=={node.name}"
            manager.docker(*common, f"--name={name}-{service}", where, image, *command)
        wait_until(lambda: running(manager, name) == ["1/1", "1/1"], 60, "both services")
        client = worker.docker("ps", "--quiet", f"--filter=name={name}-client").stdout.strip()
        with listening(nodes[0].network) as packets:
            echo = ("timeout", "5", "redis-cli", "-h", f"{name}-server", "echo", MARK)
            answered = worker.docker("exec", client, *echo, check=False).stdout.strip() == MARK
    finally:
        manager.docker("service", "rm", f"{name}-server", f"{name}-client", check=False)
        wait_until(lambda: not manager.docker("network", "rm", name, check=False).returncode, 30, "its end")

    between = [packet for packet in packets if is_of_an_overlay(packet)]
    readable = [packet for packet in between if MARK.encode() in packet]
    if overlay:
        # A kernel without ESP lets nothing through, rather than clear text.
        assert readable == []
        assert answered == any(protocol(packet) == ESP for packet in between)
    else:
        assert answered
        assert readable


def options_of(overlays: list[str]) -> dict[str, str]:
    """Return the options of the driver that the project's overlays give to its networks."""
    found: dict[str, str] = {}
    for overlay in overlays:
        text = (TEMPLATE / "<<cookiecutter.project_slug>>/deploy" / f"stack.{overlay}.yml").read_text()
        networks = yaml.safe_load(text)["networks"]
        assert set(networks) == {"frontend", "backend"}
        (options,) = {tuple(network["driver_opts"].items()) for network in networks.values()}
        found.update(options)
    return found


def running(manager: Node, name: str) -> list[str]:
    found = manager.docker("service", "ls", "--format={{.Replicas}}", f"--filter=name={name}-")
    return found.stdout.split()


ESP, UDP = 50, 17
VXLAN_PORT = 4789
# Of a packet with an Ethernet header: where the IP header says the protocol, and UDP the port it goes to.
PROTOCOL_AT, PORT_AT = 23, 36


def protocol(packet: bytes) -> int:
    return packet[PROTOCOL_AT] if len(packet) > PROTOCOL_AT else 0


def is_of_an_overlay(packet: bytes) -> bool:
    """Tell whether a packet goes from container to container, and not between engines or to the registry."""
    port = int.from_bytes(packet[PORT_AT : PORT_AT + 2])
    return protocol(packet) == ESP or (protocol(packet) == UDP and port == VXLAN_PORT)


@contextmanager
def listening(network: str) -> Iterator[list[bytes]]:
    """Collect all packets between the nodes while the block runs."""
    device = "br-" + docker("network", "inspect", "--format={{.Id}}", network).stdout[:12]
    packets: list[bytes] = []
    ended = threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS)) as tap:
        tap.bind((device, 0))
        # Also what is not for this machine.
        promiscuous = struct.pack("iHH8s", socket.if_nametoindex(device), PROMISCUOUS, 0, b"")
        tap.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, promiscuous)
        tap.settimeout(0.2)

        def collect() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    packets.append(tap.recv(65536))

        thread = threading.Thread(target=collect)
        thread.start()
        try:
            yield packets
        finally:
            ended.set()
            thread.join()
