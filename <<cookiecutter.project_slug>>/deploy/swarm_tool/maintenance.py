"""Switch the maintenance page on and off, on every node that may run the proxy, without a deploy."""

from __future__ import annotations

from . import job, releases
from .environment import Environment
from .outcome import Problem, say
from .stack import Stack

# The proxy looks for this file at each request; deploy/stack.yml mounts its folder from a volume.
FLAG = "/var/lib/maintenance/on"
# Seconds for a task that makes or removes a file.
DEADLINE = 60.0


def switch(environment: Environment, state: str) -> None:
    """Switch maintenance `on` or `off`; raise Problem when a node did not do it.

    A job changes the file in the proxy's volume on every node: the proxy itself is not touched, and one that
    moves to another node finds the file there.
    """
    running = releases.good(releases.listed(environment))
    if not running:
        raise Problem("there is no site to close", "nothing was deployed yet", "deploy first")
    command = f"touch {FLAG}" if state == "on" else f"rm -f {FLAG}"
    changes: Stack = {"entrypoint": ["/bin/sh"], "command": ["-c", command], "mode": "global-job"}
    changes |= {"networks": {}, "secrets": [], "configs": []}
    task = job.definition(environment, running[-1].stack, "proxy", changes)
    result = job.run(environment, task, "maintenance", DEADLINE, [])
    if result.exit_code:
        raise Problem(f"maintenance is not {state}", result.output, "look at the volume `maintenance` of the nodes")
    say(f"maintenance is {state}")
