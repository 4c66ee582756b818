"""The engine's process: start one that outlives its caller, and end one."""

import os
import signal
import subprocess
from pathlib import Path

from lab.wait import wait_until

from . import client
from .errors import EngineError

# On two idle cores it answers after 2 s and ends within 1 s; a machine at work takes its time.
START_SECONDS = 60
STOP_SECONDS = 60

LOG_LINES = 15


def start(log: Path) -> int:
    """Start an engine, wait until it answers and return its process id.

    `log` is the file that takes what it writes. Raises EngineError, with the end of the log, when it
    ends or does not answer within START_SECONDS.
    """
    if os.geteuid() != 0:
        raise EngineError("starting an engine needs root. Run this command as root")
    with log.open("wb") as output:
        # A session of its own, so that it survives the shell or the pipeline job that started it.
        process = subprocess.Popen(
            ["dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: client.engine_version() or process.poll() is not None, START_SECONDS, "the engine")
    except AssertionError:
        process.terminate()
        process.wait()
    if process.poll() is not None:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
        raise EngineError(f"the engine did not come up; its log {log} ends with:\n{tail}")
    return process.pid


def is_running(pid: int) -> bool:
    """Tell whether a process is an engine. Its id alone does not say so: ids are used again."""
    try:
        # Empty for a process that has ended and that nobody has asked for its exit code.
        program, _, _ = Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")
    except OSError:
        return False
    return Path(program.decode()).name == "dockerd"


def stop(pid: int) -> None:
    """End an engine and wait for it. Raises AssertionError when it still runs after STOP_SECONDS."""
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not is_running(pid), STOP_SECONDS, f"the end of the engine (process {pid})")
