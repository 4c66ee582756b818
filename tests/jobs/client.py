"""Calls the endpoints of a deployed stack from inside, as the scheduler does."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.docker import docker
from lab.wait import wait_until
from tests.harness.running import inspect
from tests.harness.stack import Stack

INSIDE = Path(__file__).with_name("inside.py")


@dataclass(frozen=True)
class Answer:
    """What a replica answered; status 0 when it did not."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Client:
    """Calls the app of a stack, with the right key unless told otherwise."""

    stack: Stack
    key: str

    def post(
        self, job: str, count: int = 1, key: str | None = None, avoid: str = "", **parameters: Any
    ) -> list[Answer]:
        """Ask for a job `count` times at once, the replicas in turn, without the container `avoid`."""
        body = json.dumps(parameters) if parameters else ""
        return self._ask("POST", f"/api/cron/{job}", body, count, key, addresses(avoid))

    def states(self, key: str | None = None) -> Answer:
        """Ask how the jobs are."""
        return self._ask("GET", "/api/cron/", "", 1, key, [])[0]

    @contextmanager
    def running(self, job: str, **parameters: Any) -> Iterator["Future[list[Answer]]"]:
        """Ask for a job, and go on once it runs."""
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.post, job, **parameters)
            wait_until(lambda: self.count(job, "running") == 1, 20, f"the start of {job}")
            yield answer

    def count(self, job: str, state: str) -> int:
        """Return how many runs of a job the history has in a state."""
        where = f"job = '{job}' AND state = '{state}'"
        return int(self.stack.sql(f"SELECT count(*) FROM jobs_run WHERE {where}"))  # noqa: S608

    def last(self, job: str) -> tuple[str, str]:
        """Return the state of the last run of a job, and the replica it ran on."""
        rows = self.stack.sql(
            f"SELECT state, replica FROM jobs_run WHERE job = '{job}' ORDER BY id DESC LIMIT 1"  # noqa: S608
        )
        state, _, replica = rows.partition("|")
        return state, replica

    def container_of(self, job: str) -> str:
        """Return the container in which a job runs: a replica is named after it."""
        _, replica = self.last(job)
        (found,) = [one for one in self.stack.containers("app") if one.startswith(replica)]
        return found

    def _ask(
        self, method: str, path: str, body: str, count: int, key: str | None, avoid: list[str]
    ) -> list[Answer]:
        request = {
            "method": method,
            "path": path,
            "body": body,
            "count": count,
            "key": self.key if key is None else key,
            "avoid": avoid,
        }
        told = docker(
            "exec",
            "--interactive",
            self.stack.container("cron"),
            *("python", "-", json.dumps(request)),
            stdin=INSIDE.read_text(),
        )
        return [Answer(**answer) for answer in json.loads(told.stdout)]


def addresses(container: str) -> list[str]:
    """Return the addresses of a container on its networks; none of no container."""
    if not container:
        return []
    (described,) = inspect("container", container)
    return [network["IPAddress"] for network in described["NetworkSettings"]["Networks"].values()]
