"""gunicorn recycles its processes, but none in which a scheduled job runs. No engine is needed."""

import http.client
import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.command import run
from lab.ports import free_port
from lab.wait import wait_until
from tests.harness.bake import bake
from tests.harness.http import get
from tests.harness.process import listens, running

JOBS = Path(__file__).parents[1] / "jobs" / "example_jobs.txt"
KEY = "a key"
# So many requests, and a process is old.
MAX_REQUESTS = 5


@dataclass(frozen=True)
class Server:
    """A gunicorn with one process, and its log."""

    port: int
    log: Path

    def run_job(self, name: str, **parameters: float) -> tuple[int, str]:
        """Return the status of the answer, and the state of the run."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
            connection.request("POST", f"/api/cron/{name}", json.dumps(parameters), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())["state"]
        finally:
            connection.close()

    def visit(self) -> int:
        """Return the status of a page."""
        return get(self.port, "/robots.txt").status

    def starts(self) -> int:
        """Return how many processes have been started until now."""
        return self.log.read_text(encoding="utf-8").count("Booting worker")

    def waits_for_a_job(self) -> bool:
        return "run 1 started" in self.log.read_text(encoding="utf-8")


@pytest.fixture
def server(tmp_path: Path, production_python: Path) -> Iterator[Server]:
    """The example with jobs to test with, on SQLite, with the configuration of the production image."""
    project, port = bake(tmp_path), free_port()
    shutil.copy(JOBS, project / "exampleapp" / "users" / "jobs.py")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "exampleapp.settings.local",
        "CRON_API_KEY": KEY,
        # What is told to end is cut off at once.
        "JOBS_GRACE_SECONDS": "0",
        "WEB_CONCURRENCY": "1",
        "GUNICORN_MAX_REQUESTS": str(MAX_REQUESTS),
    }
    run([production_python, "manage.py", "migrate"], cwd=project, env=environment)
    gunicorn = (
        *(production_python.with_name("gunicorn"), f"--bind=127.0.0.1:{port}"),
        *("--config=docker/app/gunicorn.conf.py", "exampleapp.wsgi"),
    )
    with running(gunicorn, project, environment, lambda: listens(port)):
        yield Server(port, project.with_name(f"{project.name}.log"))


def test_job_is_not_cut_off_by_its_process_growing_old(server: Server) -> None:
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(server.run_job, "slow", seconds=4)
        wait_until(server.waits_for_a_job, 10, "the start of the job")
        assert {server.visit() for _ in range(3 * MAX_REQUESTS)} == {200}
        assert server.starts() == 1
        assert job.result() == (200, "succeeded")

    wait_until(lambda: server.starts() == 2, 10, "a new process")
    assert server.visit() == 200


def test_without_a_job_a_process_is_recycled_on_time(server: Server) -> None:
    for _ in range(MAX_REQUESTS):
        assert server.visit() == 200

    wait_until(lambda: server.starts() == 2, 10, "a new process")
