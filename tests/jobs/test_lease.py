"""One run at a time over two replicas, whatever becomes of the one that runs."""

import os
import signal
import time

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.harness.running import inspect
from tests.harness.stack import Stack

from .client import Client

pytestmark = pytest.mark.swarm

# Seconds, of `slow` in example_jobs.txt.
LEASE = 6
# Seconds that one call costs on a busy machine, starting the client in its container included.
INTERVAL = 5


def test_fifty_calls_over_two_replicas_run_once(client: Client) -> None:
    answers = client.post("slow", count=50, seconds=10)

    assert sorted(answer.status for answer in answers) == [200] + [409] * 49
    assert all(0 <= answer.body["age"] < 10 for answer in answers if answer.status == 409)
    assert client.count("slow", "succeeded") == 1


def test_job_of_a_killed_replica_runs_again_after_the_lease(client: Client) -> None:
    interrupted = client.count("slow", "interrupted")
    with client.running("slow", seconds=60) as answer:
        docker("kill", "--signal=KILL", client.container_of("slow"))
        killed = time.monotonic()
        wait_until(lambda: client.post("slow", seconds=0)[0].status == 200, 30, "the next run")
        seconds = time.monotonic() - killed
        assert answer.result()[0].status == 0

    assert seconds < LEASE + INTERVAL
    assert client.count("slow", "interrupted") == interrupted + 1


@pytest.mark.parametrize("job", ["slow", "stubborn"])
def test_paused_runner_cannot_record_success(client: Client, stack: Stack, job: str) -> None:
    """`slow` notices by its next check, `stubborn` only when it is over."""
    with client.running(job, seconds=LEASE) as answer:
        paused = client.container_of(job)
        processes = gunicorn_of(paused)
        try:
            for process in processes:
                os.kill(process, signal.SIGSTOP)
            wait_until(
                lambda: client.post(job, seconds=0, avoid=paused)[0].status == 200, 30, "the second run"
            )
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)
        first = answer.result()[0]

    assert first.body["state"] == "interrupted"
    states = stack.sql(f"SELECT state FROM jobs_run WHERE job = '{job}' ORDER BY id DESC LIMIT 2")  # noqa: S608
    assert states.split() == ["succeeded", "interrupted"]


def gunicorn_of(container: str) -> list[int]:
    """Return gunicorn's master and workers. Without the first nobody replaces a worker that is paused."""
    told = docker("top", container, "-eo", "pid,args").stdout.splitlines()
    init = inspect("container", container)[0]["State"]["Pid"]
    # A probe of Docker's, which ends by itself, may be among the processes.
    found = [int(line.split()[0]) for line in told if "gunicorn" in line]
    return [pid for pid in found if pid != init]


def test_job_outlasts_a_restart_of_the_database(client: Client, stack: Stack) -> None:
    with client.running("patient", seconds=15) as answer:
        docker("kill", "--signal=KILL", stack.container("db"))
        assert answer.result()[0].status == 200

    assert client.last("patient")[0] == "succeeded"


def test_job_ends_within_its_grace_period_in_a_rolling_update(client: Client, stack: Stack) -> None:
    with client.running("slow", seconds=12) as answer:
        docker("service", "update", "--force", "--quiet", "--detach", f"{stack.name}_app")
        assert answer.result()[0].status == 200
        stack.wait_until_updated("app", 120)

    assert client.last("slow")[0] == "succeeded"


def test_job_that_does_not_is_interrupted(client: Client, stack: Stack) -> None:
    interrupted = client.count("slow", "interrupted")
    with client.running("slow", seconds=110) as answer:
        docker("service", "update", "--force", "--quiet", "--detach", f"{stack.name}_app")
        assert answer.result()[0].status == 503
        stack.wait_until_updated("app", 120)

    assert client.count("slow", "interrupted") == interrupted + 1
    # Its process ended with it, so its lease may have to run out.
    wait_until(lambda: client.post("slow", seconds=0)[0].status == 200, LEASE + INTERVAL, "the next run")


def test_job_that_raises_and_one_that_hangs(client: Client) -> None:
    (raised,) = client.post("raises")
    (hung,) = client.post("hangs")

    assert (raised.status, hung.status) == (500, 504)
    assert "no paper" not in str(raised.body)
    assert client.last("raises")[0] == "failed"
    assert client.last("hangs")[0] == "timed_out"
    # It has noticed, and its lease is free.
    wait_until(lambda: client.post("hangs")[0].status == 504, 10, "the next run")


def test_command_takes_the_same_lease(client: Client, stack: Stack) -> None:
    command = ("exec", stack.container("app"), "python", "manage.py", "run_job", "slow")
    with client.running("slow", seconds=40) as answer:
        refused = docker(*command, check=False)
        assert answer.result()[0].status == 200
    done = docker(*command, "seconds=0")

    assert refused.returncode == 75
    assert "already running" in refused.stderr
    assert "worked to the end" in done.stdout
