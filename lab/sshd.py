"""An ssh server of this machine's own, in front of its Docker engine, for one user with one key.

    with sshd(tmp_path) as server:
        run([project / "deploy/swarm", ...], env={**os.environ, **server.environment})

`server.docker_host` is the DOCKER_HOST that leads to it. `server.environment` holds a PATH whose first `ssh`
uses `server.key` and `server.known_hosts` alone, so that nobody's ~/.ssh is read or changed. `server.stop()`
cuts every connection, `server.start()` takes new ones. Needs Debian's openssh-server and openssh-client.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from getpass import getuser
from pathlib import Path

from lab.command import run
from lab.foreground import serve
from lab.ports import free_port
from lab.wait import wait_until

SSHD = "/usr/sbin/sshd"
# Where a server that is started by root wants to lock its unprivileged half in.
PRIVILEGE_SEPARATION = Path("/run/sshd")

CONFIGURATION = """\
ListenAddress {address}:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
AllowUsers {user}
AuthenticationMethods publickey
PidFile none
# The folder of a test may lie below one that everybody may write to.
StrictModes no
# Each of the docker client's commands is a connection of its own.
MaxStartups 100
"""

# What `ssh` means in `environment`.
CLIENT = """\
#!/bin/sh
exec /usr/bin/ssh -F {folder}/ssh_config "$@"
"""

CLIENT_CONFIGURATION = """\
Host {name}
HostName {address}
BatchMode yes
IdentitiesOnly yes
IdentityFile {folder}/key
UserKnownHostsFile {folder}/known_hosts
GlobalKnownHostsFile none
"""


@dataclass
class Sshd:
    """A server that listens on `address` and `port`, and lets `user` in who shows `key`.

    `folder` keeps keys, configuration and log; `name` is what clients call the server.
    """

    folder: Path
    address: str
    name: str
    port: int
    user: str
    processes: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def key(self) -> Path:
        """The client's private key, without a passphrase."""
        return self.folder / "key"

    @property
    def known_hosts(self) -> Path:
        """The server's public key, as a client's list of known hosts has it."""
        return self.folder / "known_hosts"

    @property
    def docker_host(self) -> str:
        """The DOCKER_HOST of this machine's engine behind the server."""
        return f"ssh://{self.user}@{self.name}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables under which `ssh`, also docker's own, trusts this server and shows the key."""
        return {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def prepare(self) -> None:
        """Make keys and configuration."""
        (self.folder / "bin").mkdir()
        for name in ("host_key", "key"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", self.folder / name])
        host_key = (self.folder / "host_key.pub").read_text()
        values = {
            "address": self.address,
            "folder": self.folder,
            "name": self.name,
            "port": self.port,
            "user": self.user,
        }
        for name, text in {
            "sshd_config": CONFIGURATION,
            "ssh_config": CLIENT_CONFIGURATION,
            "bin/ssh": CLIENT,
            "authorized_keys": (self.folder / "key.pub").read_text(),
            "known_hosts": f"[{self.name}]:{self.port},[{self.address}]:{self.port} {host_key}",
        }.items():
            (self.folder / name).write_text(text.format(**values), encoding="utf-8")
        (self.folder / "bin/ssh").chmod(0o755)

    def start(self) -> None:
        """Start to listen. Raises AssertionError, with the server's log, when it does not within 10 s."""
        if os.geteuid() == 0:
            PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        command = [SSHD, "-D", "-f", str(self.folder / "sshd_config"), "-E", str(self.folder / "log")]
        self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
        answers = ["ssh-keyscan", "-p", str(self.port), self.address]
        try:
            wait_until(lambda: run(answers, check=False).stdout, 10, "an answer of sshd")
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}\n{self.log}") from None

    def stop(self) -> None:
        """Stop to listen, and cut the connections that there are."""
        for process in self.processes:
            for pid in [process.pid, *descendants(process.pid)]:
                kill(pid)
            process.wait()
        self.processes.clear()


@contextmanager
def sshd(folder: Path, address: str = "127.0.0.1", name: str = "") -> Iterator[Sshd]:
    """Run a server while the block runs, for the user who runs the tests.

    `folder` must be empty and is kept. The server listens on `address`; clients call it `name`, or else that.
    Raises FileNotFoundError where there is no sshd, and AssertionError when it does not start.
    """
    if not Path(SSHD).exists():
        raise FileNotFoundError(f"there is no {SSHD}. Install openssh-server")
    server = Sshd(folder, address, name or address, free_port(address), getuser())
    server.prepare()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return children + [found for child in children for found in descendants(child)]


def kill(pid: int) -> None:
    """Kill a process that may have ended meanwhile."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def describe(server: Sshd) -> str:
    """Say how to use a server."""
    return f"export DOCKER_HOST={server.docker_host} PATH={server.folder / 'bin'}:$PATH"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="lab-sshd-") as empty:
        serve(sshd(Path(empty)), describe)
