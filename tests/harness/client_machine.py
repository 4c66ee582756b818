"""A client with an address of its own: the proxy must see it, and not that of a bridge of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.parser import Parser

from lab.command import run
from lab.docker import unique_name
from tests.harness.site import Answer, Site

# Of the range that RFC 2544 sets aside for tests of network equipment.
OUR_ADDRESS = "198.18.99.1"
ITS_ADDRESS = "198.18.99.2"


@dataclass(frozen=True)
class ClientMachine:
    """A network namespace that is connected with this machine by a cable of its own."""

    namespace: str
    address: str = ITS_ADDRESS

    def get(self, site: Site, path: str, *headers: str) -> Answer:
        """Ask `site`, on this machine, for a page over https."""
        command = [
            *(
                "ip",
                "netns",
                "exec",
                self.namespace,
                "curl",
                "--silent",
                "--show-error",
                "--include",
                "--http1.1",
            ),
            *("--max-time", "20", "--cacert", str(site.certificate)),
            *("--resolve", f"{site.domain}:{site.https_port}:{OUR_ADDRESS}"),
            *(part for header in headers for part in ("--header", header)),
            f"https://{site.domain}:{site.https_port}{path}",
        ]
        head, _, body = run(command).stdout.partition("\n\n")
        status, _, fields = head.partition("\n")
        return Answer(int(status.split()[1]), Parser().parsestr(fields), body.encode())


@contextmanager
def client_machine() -> Iterator[ClientMachine]:
    """Plug the client in while the block runs. Needs root, as the engine itself does."""
    # Names of network devices have 15 characters at most.
    name = unique_name("c")[-13:]
    run(["ip", "netns", "add", name])
    try:
        for command in (
            f"ip link add {name}h type veth peer name {name}c",
            f"ip link set {name}c netns {name}",
            f"ip address add {OUR_ADDRESS}/30 dev {name}h",
            f"ip link set {name}h up",
            f"ip -netns {name} address add {ITS_ADDRESS}/30 dev {name}c",
            f"ip -netns {name} link set {name}c up",
        ):
            run(command.split())
        yield ClientMachine(name)
    finally:
        run(["ip", "link", "delete", f"{name}h"], check=False)
        run(["ip", "netns", "delete", name])
