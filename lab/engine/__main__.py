"""The command: start, stop and status."""

import argparse
import subprocess
import sys

from lab.command import CommandFailedError

from . import client, daemon, packages, record, swarm
from .errors import EngineError


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code; what went wrong goes to standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.engine", description="A Docker engine for the tests."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    starting = commands.add_parser(
        "start", help="make sure that an engine runs; install one on Debian 12 and 13"
    )
    starting.add_argument("--swarm", action="store_true", help="make sure that it manages a swarm, too")
    commands.add_parser("stop", help="end what `start` started in this checkout, and nothing else")
    commands.add_parser("status", help="say what runs; exit with 1 when no engine answers")
    options = parser.parse_args(arguments)
    try:
        if options.command == "start":
            start(with_swarm=options.swarm)
        elif options.command == "stop":
            stop()
        else:
            return status()
    except (EngineError, CommandFailedError, AssertionError, subprocess.TimeoutExpired) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def start(*, with_swarm: bool) -> None:
    """Make sure that an engine answers, with buildx and compose, and manages a swarm if so wished."""
    if version := client.engine_version():
        print(f"engine {version} runs already and is used as it is")
    else:
        start_engine()
    if missing := client.missing_plugins():
        raise EngineError(
            f"the docker client has no {' and no '.join(missing)} plugin. "
            "Install it from where you have the client"
        )
    if with_swarm and (made := swarm.ensure()):
        started = record.load()
        record.save(record.Started(started.pid, made))
        print("swarm of one node initialised")


def start_engine() -> None:
    """Start this machine's own engine, after installing what is missing of it."""
    if elsewhere := client.engine_elsewhere():
        raise EngineError(
            f"{elsewhere} does not answer. Start that engine, or unset it to use this machine's"
        )
    if missing := client.missing_parts():
        print(f"no {', no '.join(missing)}: installing Debian's packages")
        packages.install()
    record.FOLDER.mkdir(exist_ok=True)
    pid = daemon.start(record.LOG)
    record.save(record.Started(pid))
    print(f"engine {client.engine_version()} started (process {pid}, log {record.LOG})")


def stop() -> None:
    """End the swarm and the engine that this checkout started."""
    started = record.load()
    if started.swarm and started.swarm == swarm.current():
        swarm.leave()
        print("swarm left")
    if started.pid and daemon.is_running(started.pid):
        daemon.stop(started.pid)
        print(f"engine (process {started.pid}) stopped")
    record.forget()


def status() -> int:
    """Print what runs. Return 0 when an engine answers, else 1."""
    version = client.engine_version()
    if version is None:
        print("no engine answers")
        return 1
    started = record.load()
    missing = client.missing_plugins()
    print(
        f"engine {version}, {'started by this checkout' if started.pid else 'not started by this checkout'}"
    )
    print(f"plugins missing: {', '.join(missing) or 'none'}")
    print(f"swarm: {swarm.current() or 'none managed here'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
