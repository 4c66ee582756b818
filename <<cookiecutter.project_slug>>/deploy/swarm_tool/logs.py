"""The logs of all services and replicas, in order of time."""

from __future__ import annotations

import heapq
import queue
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from .environment import Environment
from .outcome import Problem, say
from .rollout import services_of

# Seconds to read what was logged: for a task whose container is gone the client may wait for ever.
READING = 60.0
# Seconds that a line waits for older ones of other services, while following.
REORDER = 1.0

Line = tuple[str, str]


def show(environment: Environment, service: str | None, since: str, follow: bool, grep: str) -> None:
    """Print the logs of one service or all: since a time or a span such as 10m, and only lines that match `grep`.

    With `follow` it goes on until Ctrl-C. Raises Problem when there is no such service, or `grep` is no
    regular expression.
    """
    known = sorted(services_of(environment))
    if service and service not in known:
        raise Problem(f"no service is called {service}", f"running are: {', '.join(known)}", "name one of these")
    try:
        pattern = re.compile(grep)
    except re.error as error:
        raise Problem(f"{grep} is no regular expression", str(error), "escape special characters") from None
    command = ["service", "logs", "--timestamps", f"--since={since}", *["--follow"] * follow]
    names = [f"{environment.stack}_{name}" for name in ([service] if service else known)]
    clients = [environment.docker.start(*command, name, both=True) for name in names]
    limit = threading.Timer(READING, _give_up, [clients])
    if not follow:
        limit.start()
    try:
        for stamp, text in merged(clients, REORDER if follow else float("inf")):
            if pattern.search(text):
                say(f"{stamp} {shorten(environment.stack, text)}")
    finally:
        limit.cancel()
        _kill(clients)


def merged(clients: list[subprocess.Popen[bytes]], patience: float) -> Iterator[Line]:
    """Merge what several clients write in order of time; a line waits at most `patience` seconds for older ones."""
    came: queue.Queue[tuple[Line, float]] = queue.Queue()

    def read(client: subprocess.Popen[bytes]) -> None:
        with client:
            for line in client.stdout or ():
                came.put((split(line.decode(errors="replace")), time.monotonic()))

    threads = [threading.Thread(target=read, args=(client,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    waiting: list[tuple[Line, float]] = []
    while any(thread.is_alive() for thread in threads) or not came.empty():
        with suppress(queue.Empty):
            heapq.heappush(waiting, came.get(timeout=0.1))
        while waiting and time.monotonic() - waiting[0][1] > patience:
            yield heapq.heappop(waiting)[0]
    while waiting:
        yield heapq.heappop(waiting)[0]


def _give_up(clients: list[subprocess.Popen[bytes]]) -> None:
    say(f"some logs were not read within {READING:.0f} s: `docker service logs` waits for a container that is gone")
    _kill(clients)


def _kill(clients: list[subprocess.Popen[bytes]]) -> None:
    for client in clients:
        client.kill()


def split(text: str) -> Line:
    """Split a line of `docker service logs --timestamps` into its time, made comparable, and the rest."""
    stamp, _, rest = text.rstrip("\n").partition(" ")
    # Go leaves out zeros at the end of a fraction: 05.1Z would come after 05.12Z.
    seconds, _, fraction = stamp.rstrip("Z").partition(".")
    return f"{seconds}.{fraction:0<9}Z", rest


def shorten(stack: str, text: str) -> str:
    """Write `app.1@node | …` for `STACK_app.1.TASK@node    | …`."""
    return re.sub(rf"^{re.escape(stack)}_([^@\s]+)\.\w+@(\S+)\s+\|", r"\1@\2 |", text)
