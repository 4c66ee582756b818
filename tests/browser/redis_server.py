"""A real Redis that a test can take down and bring back."""

import secrets
import subprocess
from pathlib import Path

from lab.ports import free_port


class RedisServer:
    """Debian's redis-server on a free port of this machine, with a password and without a disk."""

    def __init__(self, folder: Path) -> None:
        """Choose the port and the password; `folder` takes the configuration. Starts nothing."""
        port = free_port()
        password = secrets.token_hex(16)
        self.uri = f"redis://:{password}@127.0.0.1:{port}/0"
        # A file, because a password on the command line shows in the list of processes.
        self._configuration = folder / "redis.conf"
        self._configuration.write_text(
            f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\ndir {folder}\n',
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, with nothing in it. The app's own health check tells when it answers."""
        self._process = subprocess.Popen(
            ["redis-server", self._configuration],
            stdout=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        """Kill the server, as an outage does; quietly when it does not run."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
