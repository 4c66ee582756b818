"""Run a program and show what it printed when it fails."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class CommandFailedError(AssertionError):
    """A program ended with another exit code than 0; the message carries all that it printed."""


def run(
    command: Sequence[str | Path],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    *,
    check: bool = True,
    stdin: str | None = None,
    timeout: float = 600,
) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end and return its exit code, standard output and standard error.

    `env` replaces the environment; leave it out to inherit ours. Without `stdin` the program reads
    an empty standard input, so that nothing waits for a person. `timeout` is in seconds.

    Raises CommandFailedError when `check` is set and the exit code is not 0, and
    subprocess.TimeoutExpired when the program takes too long.
    """
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        input=stdin or "",
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )
    if check and result.returncode != 0:
        raise CommandFailedError(describe(result))
    return result


def describe(result: subprocess.CompletedProcess[str]) -> str:
    """Say what ran, how it ended and what it printed, for the message of a failed test."""
    return (
        f"exit code {result.returncode} from: {shlex.join(result.args)}\n"
        f"--- standard output ---\n{result.stdout}"
        f"--- standard error ---\n{result.stderr}"
    )
