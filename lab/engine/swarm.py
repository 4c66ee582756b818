"""The engine's swarm of one node, on which the tests deploy."""

from lab.docker import docker, is_swarm_manager

from . import client
from .errors import EngineError

# The swarm is for this machine alone, so nothing of it listens on another address.
ADDRESS = "127.0.0.1"


def ensure() -> str | None:
    """Make the engine a swarm manager.

    Return the id of the swarm when it was made, None when the engine managed one before. Raises
    EngineError when the engine belongs to a swarm that it does not manage.
    """
    if is_swarm_manager():
        return None
    state = client.ask("info", "--format", "{{.Swarm.LocalNodeState}}")
    if state != "inactive":
        raise EngineError(
            f"the engine's swarm state is '{state}' and it is no manager. "
            "Unlock the swarm, promote the node, or leave it with `docker swarm leave`"
        )
    docker("swarm", "init", "--advertise-addr", ADDRESS, "--listen-addr", ADDRESS)
    return current()


def current() -> str | None:
    """Return the id of the swarm that the engine manages, None when there is none."""
    return client.ask("info", "--format", "{{with .Swarm.Cluster}}{{.ID}}{{end}}") or None


def leave() -> None:
    """Leave the swarm, and with it end all that runs on it."""
    docker("swarm", "leave", "--force")
