"""Roll a stack out and watch it: the swarm itself reports success when it has rolled back."""

from __future__ import annotations

import time
from typing import Any

from .docker import DockerError, Json
from .environment import Environment
from .outcome import Problem, Screen, say
from .stack import dump
from .tasks import PENDING

# Seconds between two looks at the swarm.
POLL = 1.0
# Seconds that a service may have more tasks than it should, all of them right, before the swarm is told again.
SURPLUS = 10.0
# Lines of a failed task's log that are shown.
LOG_LINES = 20
# What the swarm fills in for a service and not for its tasks (seen with engine 26).
DEFAULTS = {"DNSConfig", "StopGracePeriod", "RestartPolicy", "Runtime"}
# A task of a service that should run for ever has died in these states.
DIED = ("failed", "rejected", "complete", "orphaned")
# How often the engine may fail to start a new task before that is the release's fault: it does so now and then when
# it is busy ("device or resource busy", seen with engine 26), and the swarm tries again.
START_FAILURES = 2
# Each service is labelled with the rollout it comes from: a rollback by the swarm takes the label away.
MARK = "deploy.mark"


class RolloutFailed(Problem):
    """The rollout of a service failed; `task` is the one that died, where there is one."""

    def __init__(self, service: str, why: str, task: Json | None = None) -> None:
        super().__init__(f"the rollout of {service} failed", why, "correct it and deploy again")
        self.task = task


def roll_out(environment: Environment, stack: Json, mark: str, deadline: float, screen: Screen) -> None:
    """Hand a stack to the swarm and wait, for `deadline` seconds, until every service runs as intended.

    Raises RolloutFailed when a task died or finds no node, the swarm rolled back or paused, or it took too long.
    """
    before = {task["ID"] for task in tasks_of(environment)}
    labelled = {}
    for name, service in stack["services"].items():
        deploy = service.get("deploy", {})
        labelled[name] = {**service, "deploy": {**deploy, "labels": {**deploy.get("labels", {}), MARK: mark}}}
    text = dump({**stack, "services": labelled})
    environment.docker.deploy_stack(environment.stack, text)
    watch = _Watch(mark, before)
    begin = time.monotonic()
    while True:
        services, tasks = services_of(environment), tasks_of(environment)
        try:
            lines = {name: watch.look(name, services.get(name), tasks) for name in labelled}
            screen.show(lines)
            if not watch.waiting:
                return
            if watch.has_surplus():
                # Going back while the swarm does so too may leave two tasks in a place of one, and nobody sees to
                # it until the service is updated: then the swarm keeps one and restarts none.
                environment.docker.deploy_stack(environment.stack, text)
            if time.monotonic() - begin > deadline:
                late = min(watch.waiting)
                raise RolloutFailed(late, f"not done within the deadline of {deadline:.0f} s: {lines[late]}")
        except RolloutFailed as failure:
            if failure.task:
                show_failure(environment, failure.task)
            raise
        time.sleep(POLL)


class _Watch:
    """Watches services; `waiting` names those that do not run as intended yet."""

    def __init__(self, mark: str, before: set[str]) -> None:
        self.mark, self.before = mark, before
        self.waiting: set[str] = set()
        # Since when a task is pending, and since when a service runs as intended.
        self.pending: dict[str, float] = {}
        self.settled: dict[str, float] = {}
        # Since when a service has too many tasks.
        self.surplus: dict[str, float] = {}

    def has_surplus(self) -> bool:
        """Tell, once in a while, whether a service has had too many tasks for some time."""
        long = [name for name, since in self.surplus.items() if time.monotonic() - since > SURPLUS]
        for name in long:
            del self.surplus[name]
        return bool(long)

    def look(self, name: str, service: Json | None, tasks: list[Json]) -> str:
        """Return a line about a service; raise RolloutFailed when it cannot end well any more."""
        if not service:
            raise RolloutFailed(name, "the service is gone: somebody removed it")
        mine = [task for task in tasks if task["ServiceID"] == service["ID"]]
        fresh = [task for task in mine if task["ID"] not in self.before]
        check(name, service, self.mark, fresh)
        now = time.monotonic()
        for task in fresh:
            if task["Status"]["State"] != "pending":
                self.pending.pop(task["ID"], None)
            elif now - self.pending.setdefault(task["ID"], now) > PENDING:
                raise RolloutFailed(name, f"no node takes a new task: {task['Status'].get('Err', 'pending')}", task)
        line, done = progress(service, mine)
        if done:
            # The swarm watches an update for a while, but not the tasks of a service that is new.
            monitor = service["Spec"].get("UpdateConfig", {}).get("Monitor", 0) / 1e9
            quiet = now - self.settled.setdefault(name, now)
            done = not fresh or "UpdateStatus" in service or quiet >= monitor
        else:
            self.settled.pop(name, None)
        if too_many(service, mine):
            self.surplus.setdefault(name, now)
        else:
            self.surplus.pop(name, None)
        (self.waiting.discard if done else self.waiting.add)(name)
        return line


def check(name: str, service: Json, mark: str, fresh: list[Json]) -> None:
    """Raise RolloutFailed when a service was rolled back or paused, or one of its new tasks died."""
    died = [task for task in fresh if task["Status"]["State"] in DIED]
    newest = max(died, key=lambda task: str(task["CreatedAt"]), default=None)
    update = service.get("UpdateStatus", {})
    if update.get("State", "").startswith(("paused", "rollback")):
        raise RolloutFailed(name, f"the swarm says {update['State']}: {update.get('Message', '')}", newest)
    if service["Spec"]["Labels"].get(MARK) != mark:
        raise RolloutFailed(name, "the swarm rolled it back, or somebody else changed it", newest)
    # One of what ran before may still die after the rollout began.
    mine = [task for task in died if same(service, task)]
    not_started = [task for task in mine if task["Status"].get("Err", "").startswith("starting container failed")]
    for task in mine:
        if task not in not_started or len(not_started) > START_FAILURES:
            status = task["Status"]
            why = f"a new task is {status['State']}: {status.get('Err') or status.get('Message')}"
            raise RolloutFailed(name, why, task)


def progress(service: Json, tasks: list[Json]) -> tuple[str, bool]:
    """Tell how far a service is: a line to show, and whether every task runs as intended."""
    wanted, right, count = _compared(service, tasks)
    update = service.get("UpdateStatus", {}).get("State", "")
    others = sorted({task["Status"]["State"].replace("running", "old") for task in wanted if task not in right})
    line = f"{len(right)}/{count} as intended" + (f", {update}" if update else "")
    line += f" ({', '.join(others)})" if others else ""
    return line, len(right) == count == len(wanted) and update in ("", "completed")


def too_many(service: Json, tasks: list[Json]) -> bool:
    """Tell whether all tasks run as intended, but more of them than there should be."""
    wanted, right, count = _compared(service, tasks)
    return len(wanted) == len(right) > count


def _compared(service: Json, tasks: list[Json]) -> tuple[list[Json], list[Json], int]:
    """Return the tasks that should run, those of them that run as intended, and how many there should be."""
    wanted = [task for task in tasks if task["DesiredState"] in ("running", "ready")]
    right = [task for task in wanted if task["Status"]["State"] == "running" and same(service, task)]
    return wanted, right, replicas(service, wanted)


def replicas(service: Json, tasks: list[Json]) -> int:
    """Return how many tasks a service should have; a global one has one on each fitting node."""
    replicated = service["Spec"]["Mode"].get("Replicated")
    return int(replicated["Replicas"]) if replicated else max(1, len({task.get("NodeID") for task in tasks}))


def same(service: Json, task: Json) -> bool:
    """Tell whether a task was made from what the service is now."""
    return _covers(service["Spec"]["TaskTemplate"], task["Spec"])


def services_of(environment: Environment) -> dict[str, Json]:
    """Return the services of the stack by their names in the stack file."""
    found = environment.docker.labelled("service", f"com.docker.stack.namespace={environment.stack}")
    return {service["Spec"]["Name"][len(environment.stack) + 1 :]: service for service in found}


def tasks_of(environment: Environment) -> list[Json]:
    """Return the tasks of the stack; old ones only as far as the swarm remembers them."""
    try:
        ids = environment.docker.text("stack", "ps", "--quiet", "--no-trunc", environment.stack).split()
    except DockerError:
        # The client calls a stack without services an error.
        return []
    return environment.docker.inspect("task", ids)


def show_failure(environment: Environment, task: Json) -> None:
    """Show the last log lines of a task that failed, and what its health check said if it is on this node."""
    say(f"-- last lines of task {task['ID']}")
    try:
        options = ("--raw", f"--tail={LOG_LINES}")
        say(environment.docker.text("service", "logs", *options, task["ID"], both=True).rstrip() or "(none)")
    except Problem as problem:
        # Nothing that only explains may get in the way of going back.
        say(f"({problem.why})")
    container = task["Status"].get("ContainerStatus", {}).get("ContainerID")
    for found in environment.docker.inspect("container", [container] if container else []):
        results = (found["State"].get("Health") or {}).get("Log") or []
        # Each answer once: the last one may only say that the task was stopping by then.
        for code, output in dict.fromkeys((result["ExitCode"], result["Output"].strip()) for result in results):
            say(f"-- its health check, exit code {code}\n{output}")


def remove_other_services(environment: Environment, stack: Json) -> list[str]:
    """Remove the services that a stack does not have any more, and return their names."""
    others = sorted(set(services_of(environment)) - set(stack["services"]))
    for name in others:
        environment.docker.remove("service", f"{environment.stack}_{name}")
    return others


def secret_of(service: Json, target: str) -> str:
    """Return the full name of the secret that a service finds as a file of some name; empty if it has none."""
    mounted = service["Spec"]["TaskTemplate"]["ContainerSpec"].get("Secrets") or []
    return next((str(item["SecretName"]) for item in mounted if item["File"]["Name"] == target), "")


def _covers(whole: Any, part: Any) -> bool:
    """Tell whether a task's definition is what the service says; what is empty in one may lack in the other."""
    if not (isinstance(whole, dict) and isinstance(part, dict)):
        return bool(whole == part)
    return set(part) <= set(whole) and all(
        _covers(value, part[key]) if key in part else key in DEFAULTS or not value for key, value in whole.items()
    )
