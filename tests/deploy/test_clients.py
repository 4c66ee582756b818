"""What one docker client has deployed, an older and a newer one can use."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import clients
from lab.docker import docker
from tests.harness.trial import Trial

pytestmark = pytest.mark.swarm


@pytest.mark.parametrize(
    ("writer", "reader"), [(clients.newer, clients.older), (clients.older, clients.newer)]
)
def test_release_of_another_client(
    trial: Trial, tmp_path: Path, writer: Callable[[], Path], reader: Callable[[], Path]
) -> None:
    use(trial, writer(), tmp_path / "writer")
    trial.deploy("two")
    note_version(trial)
    try:
        use(trial, reader(), tmp_path / "reader")

        # The same files say the same to both.
        assert "services that change: none" in trial.deploy("two")
        # The new login is made with the database's service as the other client has recorded it.
        trial.swarm("secret", "set", "database_password", "--generate")
        trial.deploy("one")
        trial.swarm("rollback")
        trial.whole("two")
    finally:
        trial.variables = {}


def use(trial: Trial, client: Path, folder: Path) -> None:
    """Put a docker client before any other on the operator's PATH."""
    folder.mkdir()
    (folder / "docker").symlink_to(client)
    trial.variables = {"PATH": f"{folder}:{os.environ['PATH']}"}


def note_version(trial: Trial) -> None:
    """Let the newest record hold the version of the format, as records did that were made before."""
    names = [name for name in trial.objects("config") if "_release_" in name and not name.endswith("_begun")]
    newest = max(names, key=lambda name: int(name.rpartition("_")[2]))
    (config,) = json.loads(docker("config", "inspect", newest).stdout)
    record = json.loads(base64.b64decode(config["Spec"]["Data"]))
    record["stack"]["version"] = "3.13"
    labels = [f"--label={key}={value}" for key, value in config["Spec"]["Labels"].items()]
    docker("config", "rm", newest)
    docker("config", "create", *labels, newest, "-", stdin=json.dumps(record))
