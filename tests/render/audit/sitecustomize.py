"""Refuse network connections and programs to every Python that has this folder on its path.

With NO_WRITING set, it refuses changes of files as well.
"""

import os
import sys
from typing import Any

NETWORK = {"socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
PROGRAMS = {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn"}
CHANGES = {
    "os.chmod",
    "os.link",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.symlink",
    "os.truncate",
}


def is_hook(arguments: tuple[Any, ...]) -> bool:
    """Tell whether subprocess is about to start one of the two hooks: this Python, with one script."""
    command = list(arguments[1])
    return len(command) == 2 and command[0] == sys.executable and command[1].endswith(".py")


def writes(arguments: tuple[Any, ...]) -> bool:
    """Tell whether a file is about to be opened for writing."""
    _, mode, flags = arguments
    return any(letter in (mode or "") for letter in "wax+") or bool(
        flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    )


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise for what rendering must not do."""
    forbidden = event in NETWORK or event in PROGRAMS
    if event == "subprocess.Popen":
        forbidden = not is_hook(arguments)
    if "NO_WRITING" in os.environ:
        forbidden = forbidden or event in CHANGES or (event == "open" and writes(arguments))
    if forbidden:
        raise RuntimeError(f"forbidden: {event} {arguments!r}")


sys.addaudithook(refuse)
