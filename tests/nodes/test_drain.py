"""A node is drained: what ran there goes on elsewhere, and each due time still has one run."""

from datetime import UTC, datetime, timedelta

import pytest

from lab.nodes import Node
from lab.wait import wait_until
from tests.harness.trial import Trial

pytestmark = pytest.mark.engine

MINUTE = timedelta(minutes=1)


def node_of(trial: Trial, manager: Node, service: str) -> str:
    """Return the node on which a service's only task runs, empty when none does."""
    where = ("--filter=desired-state=running", "--format={{.Node}} {{.CurrentState}}")
    line = manager.docker("service", "ps", *where, f"{trial.name}_{service}").stdout
    return line.split()[0] if "Running" in line else ""


def test_scheduler_goes_to_another_node(deployed: Trial, nodes: list[Node]) -> None:
    manager, worker = nodes
    move_scheduler(deployed, manager, worker)
    due = datetime.now(UTC).replace(second=0, microsecond=0) + MINUTE
    manager.docker("node", "update", "--availability=drain", worker.name)
    try:
        wait_until(lambda: node_of(deployed, manager, "cron") == manager.name, 60, "the scheduler elsewhere")
        wait_until(lambda: runs(deployed, manager, due), 120, f"a run for {due:%H:%M}")
        found = runs(deployed, manager, due)
    finally:
        manager.docker("node", "update", "--availability=active", worker.name)

    assert found == ["succeeded"]


def move_scheduler(trial: Trial, manager: Node, worker: Node) -> None:
    """Let the scheduler run on a node: the other one takes no new task meanwhile."""
    if node_of(trial, manager, "cron") != worker.name:
        manager.docker("node", "update", "--availability=pause", manager.name)
        manager.docker("service", "update", "--force", "--quiet", "--detach", f"{trial.name}_cron")
        wait_until(lambda: node_of(trial, manager, "cron") == worker.name, 60, "the scheduler on the worker")
        manager.docker("node", "update", "--availability=active", manager.name)


def runs(trial: Trial, manager: Node, due: datetime) -> list[str]:
    """Return the states of the runs for a due time."""
    database = manager.docker("ps", "--quiet", "--filter", f"name={trial.name}_db").stdout.strip()
    statement = f"SELECT state FROM jobs_run WHERE scheduled = '{due.isoformat()}'"  # noqa: S608
    psql = ("psql", "--username=postgres", "--dbname=exampleapp", "--no-align", "--tuples-only")
    return manager.docker("exec", database, *psql, f"--command={statement}").stdout.split()
