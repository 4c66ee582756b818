"""Jobs to test with."""

import threading
from collections.abc import Callable, Iterator

import pytest

from << cookiecutter.project_slug >>.jobs import runner
from << cookiecutter.project_slug >>.jobs.registry import Job, JobFunction, jobs
from << cookiecutter.project_slug >>.jobs.registry import job as register

Make = Callable[..., Job]


@pytest.fixture
def make() -> Iterator[Make]:
    """Registers a function as the job `test`, with limits of a minute, until the test ends."""
    before = dict(jobs)

    def make(
        function: JobFunction, *, name: str = "test", lease: float = 60, timeout: float = 60
    ) -> Job:
        register(name, lease=lease, timeout=timeout)(function)
        return jobs[name]

    yield make
    # One that nobody waits for any longer would give back the lease of the next test.
    for thread in threading.enumerate():
        if thread.name.startswith("job "):
            thread.join(10)
    jobs.clear()
    jobs.update(before)


@pytest.fixture
def told_to_end(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """When it is set, the process has got its SIGTERM."""
    event = threading.Event()
    monkeypatch.setattr(runner, "_questions", [event.is_set])
    return event
