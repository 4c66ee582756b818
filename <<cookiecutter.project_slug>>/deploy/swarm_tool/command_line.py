"""The command line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from typing import NoReturn

from . import environment, init, lock, logs, preflight, releases, secret, status, tasks
from .deploy import DEADLINE, Deployment
from .environment import Environment
from .outcome import EXIT_CODES, Exit, Problem, report, say

# What tells a command to stop.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the command that the command line names, and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A letter that this terminal does not have is no reason to stop.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    given = parser().parse_args()
    for number in SIGNALS:
        # Who starts us with one ignored, as nohup does, means it.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        code = given.command(environment.load(given.environment), given)
        return code if isinstance(code, int) else Exit.DONE
    except Problem as problem:
        report(problem)
    except KeyboardInterrupt:
        if given.endless:
            return Exit.DONE
        report(Problem("interrupted", "this command was told to stop", "nothing: the site runs what it ran before"))
    except BrokenPipeError:
        # The reader has seen enough, as with `| head`; what is left in the buffer must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(given.failed)


def parser() -> ArgumentParser:
    """Return the parser of the command line."""
    top = ArgumentParser(
        prog="deploy/swarm",
        description="Deploy this project to a Docker swarm. ENV is a folder under deploy/configs/.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, text: str, command: Callable[[Environment, Namespace], object]) -> ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("environment", metavar="ENV")
        sub.set_defaults(command=command, failed=Exit.REFUSED, endless=False)
        return sub

    sub = add("init", "prepare a swarm for the environment: label, secrets, certificate", _init)
    sub.add_argument("--database-node", metavar="NODE", help="the node that keeps the database")
    sub.add_argument("--certificate", metavar="FILE", help="PEM file; without it a self-signed one is made")
    sub.add_argument("--key", metavar="FILE", help="the certificate's private key, in PEM format")

    sub = add("deploy", "deploy an image, and go back when that fails", _deploy)
    sub.add_argument("--image", required=True, help="the app's image, by tag or digest")
    sub.add_argument("--keep", type=int, default=releases.KEPT, metavar="N", help="good releases to keep (5)")
    sub.add_argument("--dry-run", action="store_true", help="check everything and change nothing")
    _add_times(sub)

    sub = add("rollback", "go back to a release that is kept", _rollback)
    sub.add_argument("release", nargs="?", metavar="RELEASE", help="its number or name; else the one before")
    _add_times(sub)

    add("releases", "who deployed what, when, and how it ended", lambda env, _: _print(releases.listed(env)))

    sub = add("status", "what runs where, and the last deploy", lambda env, given: status.show(env, given.watch))
    sub.add_argument("--watch", action="store_true", help="until Ctrl-C")
    sub.set_defaults(endless=True)

    add("certificate", "whose certificate it is, until when, and whether the site shows it", _certificate)

    sub = add("logs", "the logs of all services and replicas, in order of time", _logs)
    sub.add_argument("service", nargs="?", metavar="SERVICE")
    sub.add_argument("--since", default="10m", metavar="T", help="a time, or a span such as 2h (10m)")
    sub.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    sub.add_argument("--grep", default="", metavar="REGEX", help="only lines that match")
    sub.set_defaults(endless=True)

    sub = add("run", "a one-off task in a container of its own", lambda env, given: tasks.run_command(env, given.task))
    sub.add_argument("task", nargs="+", metavar="COMMAND", help="after --")
    sub.set_defaults(failed=Exit.RUN_FAILED)

    sub = add("secret", "make a new version of a secret, or list them", _secret)
    sub.add_argument("action", choices=("set", "list"))
    sub.add_argument("name", nargs="?", metavar="NAME")
    value = sub.add_mutually_exclusive_group()
    value.add_argument("--from-file", metavar="FILE", help="read the value there; - is standard input")
    value.add_argument("--generate", action="store_true", help="a random value")

    sub = add(
        "maintenance",
        "show the maintenance page, or the site",
        lambda env, given: tasks.switch_maintenance(env, given.to),
    )
    sub.add_argument("to", choices=("on", "off"))
    sub = add("lock", "keep others from deploying", lambda env, given: say(f"locked by {lock.take(env, given.why, 0)}"))
    sub.add_argument("-m", dest="why", required=True, metavar="WHY")
    sub = add("unlock", "take a lock away", lambda env, given: lock.break_open(env, given.force))
    sub.add_argument("--force", action="store_true", help="even if its holder may be at work")
    add("lint", "check the rendered stack for what the swarm ignores or gets wrong", _lint)
    return top


def _add_times(sub: ArgumentParser) -> None:
    sub.add_argument("--deadline", type=float, metavar="S", help="seconds for each long step (DEADLINE, or 300)")
    sub.add_argument("--wait-for-lock", type=float, default=0, metavar="S", help="seconds to wait for others")


def _init(env: Environment, given: Namespace) -> None:
    init.prepare(env, given.database_node, given.certificate, given.key)


def _deploy(env: Environment, given: Namespace) -> Exit:
    deadline = given.deadline or env.number("DEADLINE", DEADLINE)
    return Deployment(env, deadline, given.wait_for_lock, max(1, given.keep)).deploy(given.image, given.dry_run)


def _rollback(env: Environment, given: Namespace) -> Exit:
    deadline = given.deadline or env.number("DEADLINE", DEADLINE)
    return Deployment(env, deadline, given.wait_for_lock).rollback(given.release)


def _certificate(env: Environment, _: Namespace) -> None:
    _print(status.certificate(env))


def _logs(env: Environment, given: Namespace) -> None:
    logs.show(env, given.service, given.since, given.follow, given.grep)


def _secret(env: Environment, given: Namespace) -> None:
    if given.action == "list":
        _print(f"{name}: version {', '.join(map(str, numbers))}" for name, numbers in secret.versions(env).items())
    elif not given.name:
        raise Problem("secret set needs a name", f"used are: {', '.join(secret.known(env))}", "name one of these")
    else:
        secret.put(env, given.name, secret.generate() if given.generate else secret.read(given.name, given.from_file))


def _lint(env: Environment, _: Namespace) -> None:
    preflight.check_lint(env, env.render(APP_IMAGE="unknown:0", RELEASE="unknown"))
    say(f"the stack files of {env.name} are in order")


def _print(lines: Iterable[object]) -> None:
    for line in lines:
        say(str(line))


def _interrupt(*_: object) -> NoReturn:
    # What is done about it is not interrupted again.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
