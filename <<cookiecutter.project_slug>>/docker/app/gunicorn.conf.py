"""How gunicorn serves the app. Every number can be changed by an environment variable of the service."""

import gc
import math
import os
import sys
from pathlib import Path
from typing import Any


def number(variable: str, default: int) -> int:
    """Return a setting from the environment; exit when it is no whole number."""
    text = os.environ.get(variable, str(default))
    if not text.isdecimal():
        sys.exit(f"{variable}={text}: give a whole number")
    return int(text)


def cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return how many CPUs this container may use, rounded up; all of the machine's without a limit.

    Python counts the machine's CPUs and knows nothing of the container's limit, which the kernel
    keeps as time per period: in cpu.max (cgroup v2) or in two files below cpu/ (cgroup v1).
    """
    if (cgroup / "cpu.max").exists():
        quota, period = (cgroup / "cpu.max").read_text().split()
    elif (cgroup / "cpu/cpu.cfs_quota_us").exists():
        quota, period = (
            (cgroup / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")
        )
    else:
        quota, period = "max", ""
    # No limit is "max" in v2 and -1 in v1.
    if quota == "max" or int(quota) < 0:
        return len(os.sched_getaffinity(0))
    return math.ceil(int(quota) / int(period))


bind = "0.0.0.0:8000"

# One process for each CPU: Python code runs on one CPU at a time. Two at least, so that one can be
# recycled; four at most, because more replicas on more nodes serve better than more processes in one.
workers = number("WEB_CONCURRENCY", max(2, min(cpus(), 4)))
# Threads wait for the database and slow clients. Each may hold a database connection.
worker_class = "gthread"
threads = number("GUNICORN_THREADS", 4)

# Load the app once, then fork: the processes share its memory, and a recycled one is there at once.
preload_app = True

# Longest line and longest header of a request, in bytes: the most that gunicorn knows, and more than the proxy passes on.
limit_request_line = 8190
limit_request_field_size = 8190

# A process that has hung for so long is replaced.
timeout = number("GUNICORN_TIMEOUT", 30)
# How long requests in flight may take after SIGTERM: less than the service's stop_grace_period.
graceful_timeout = number("GUNICORN_GRACEFUL_TIMEOUT", 30)
# Longer than the proxy keeps idle connections: the side that sends requests has to be the one that closes.
keepalive = number("GUNICORN_KEEPALIVE", 75)

# Leaks cost little when no process grows old, and the jitter keeps them from ending together.
max_requests = number("GUNICORN_MAX_REQUESTS", 10_000)
max_requests_jitter = max_requests // 10

# A request that waits for a lock in the database holds a thread: after so many seconds PostgreSQL refuses it. What
# is no request, as a migration, waits as long as it must. For libpq; a PGOPTIONS of your own replaces it.
lock_seconds = number("DATABASE_LOCK_SECONDS", 20)
os.environ.setdefault("PGOPTIONS", f"-c lock_timeout={lock_seconds}s")

# Heartbeats are files: in memory, since a disk can stall and the root file system is read-only.
worker_tmp_dir = "/dev/shm"
# Nobody steers gunicorn from within; the orchestrator replaces replicas.
control_socket_disable = True

# The app logs each request itself, with its id: gunicorn would only say it again.
accesslog = None


def when_ready(_server: Any) -> None:
    """Keep the garbage collector off what was loaded, so that the processes go on sharing it."""
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Let a scheduled job know when its process is about to end."""
    # Here, because the app cannot be imported before gunicorn has found it.
    from << cookiecutter.project_slug >>.jobs import runner  # noqa: PLC0415

    runner.stop_when(lambda: not worker.alive)
    # `post_request` recycles the process instead: gunicorn would not wait for a job.
    worker.last_request, worker.max_requests = worker.max_requests, sys.maxsize


def post_request(worker: Any, _request: Any, _environ: Any, _response: Any) -> None:
    """Recycle a process that is old, once no scheduled job runs in it."""
    from << cookiecutter.project_slug >>.jobs import runner  # noqa: PLC0415

    if worker.nr >= worker.last_request:
        runner.unless_a_job_runs(lambda: setattr(worker, "alive", False))
