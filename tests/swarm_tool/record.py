"""Record anew what the tests know of a docker client and an engine: what `make recordings` runs.

`rendered.yml` is the example's production stack as a docker client prints it. The other files are its app,
with another program inside, and its tasks, as an engine describes them at some moment of a deploy: they need
a swarm.
"""

import copy
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.command import run
from lab.docker import docker, is_swarm_manager, unique_name
from lab.wait import wait_until
from tests.harness.bake import bake
from tests.harness.running import remove

RECORDED = Path(__file__).with_name("recorded")
# Where a project lies on no machine, and what the stack of the moments is called.
PROJECT, STACK = "/project", "dp-trial"
# What runs instead of the app: something that stays, and something that ends before it is healthy.
IMAGE = "python:3.13-slim-trixie"
STAYS, ENDS = "import time; time.sleep(3600)", "import sys, time; time.sleep(3); sys.exit(1)"
Json = dict[str, Any]


def render(project: Path) -> str:
    """Return the production stack of a project, as the docker client prints it."""
    deploy = project / "deploy"
    lines = (deploy / "configs/production/deploy.env").read_text(encoding="utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    image = "registry.example.com/exampleapp/app:1a2b3c4"
    variables = {**os.environ, **settings, "APP_IMAGE": image, "RELEASE": "1a2b3c4"}
    command = ["docker", "stack", "config", "--compose-file=stack.yml", "--compose-file=stack.production.yml"]
    return run(command, deploy, variables).stdout.replace(str(project), PROJECT)


def made_of(stack: Json) -> str:
    """Return what tells whether the app has been changed since it was recorded."""
    return hashlib.sha256(json.dumps(stack["services"]["app"], sort_keys=True).encode()).hexdigest()


class Recorder:
    """The app of a stack, deployed alone under a name of its own."""

    def __init__(self, stack: Json) -> None:
        self.name = unique_name(STACK)
        self.made_of = made_of(stack)
        self.app = copy.deepcopy(stack["services"]["app"])
        self.networks: dict[str, Json] = {key: {} for key in self.app["networks"]}
        # A secret has the name that the tests expect, but for the stack's.
        self.secrets = {item["source"]: f"{self.name}_{item['source']}_1" for item in self.app["secrets"]}

    def deploy(self, mark: str, release: str, program: str) -> None:
        """Hand the app to the swarm, with a program that takes its place."""
        healthy = {"test": ["CMD", "true" if program == STAYS else "false"]}
        times = {"interval": "1s", "start_period": "30s", "start_interval": "500ms"}
        deploy = {**self.app["deploy"], "labels": {"release": release, "deploy.mark": mark}, "resources": {}}
        deploy["update_config"] = {**deploy["update_config"], "delay": "0s", "monitor": "3s"}
        deploy["rollback_config"] = {**deploy["rollback_config"], "monitor": "1s"}
        app = {**self.app, "image": IMAGE, "command": ["python", "-c", program], "deploy": deploy}
        app["environment"] = {**app["environment"], "RELEASE": mark + release}
        app["healthcheck"] = {**app["healthcheck"], **times, **healthy}
        app.pop("env_file", None)
        app.pop("configs", None)
        external = {key: {"external": True, "name": name} for key, name in self.secrets.items()}
        stack = {"services": {"app": app}, "networks": self.networks, "secrets": external}
        text = json.dumps(stack).replace("$", "$$")
        docker("stack", "deploy", "--detach=true", "--resolve-image=never", "-c=-", self.name, stdin=text)

    def moment(self) -> Json:
        """Return the service and its tasks, the newest first; of those that ended only what failed."""
        service = json.loads(docker("service", "inspect", f"{self.name}_app").stdout)[0]
        ids = docker("service", "ps", "--quiet", "--no-trunc", f"{self.name}_app").stdout.split()
        tasks = json.loads(docker("inspect", "--type=task", *ids, check=False).stdout or "[]") if ids else []
        shown = [
            task
            for task in tasks
            if task["DesiredState"] in ("running", "ready") or task["Status"]["State"] == "failed"
        ]
        newest_first = sorted(shown, key=lambda task: str(task["CreatedAt"]), reverse=True)
        return {"made_of": self.made_of, "service": service, "tasks": newest_first}

    def record(self, name: str, is_it: Callable[[str, list[str]], bool]) -> None:
        """Write down the first moment that is the one: by the update's state and those of the tasks."""

        def look() -> Json | None:
            moment = self.moment()
            update = moment["service"].get("UpdateStatus", {}).get("State", "")
            states = [task["Status"]["State"] for task in moment["tasks"]]
            return moment if is_it(update, states) else None

        found = wait_until(look, 90, name)
        text = json.dumps(found, indent=1).replace(self.name, STACK)
        (RECORDED / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")

    def run(self) -> None:
        """Record every moment, and remove all of it."""
        both = ["running", "running"]
        try:
            for name in set(self.secrets.values()):
                docker("secret", "create", name, "-", stdin="nothing")
            self.deploy("15", "one", STAYS)
            self.record("unchanged", lambda update, states: (update, states) == ("", both))
            self.app["environment"]["CHANGED"] = "yes"
            self.deploy("15", "one", STAYS)
            self.record("completed", lambda update, states: (update, states) == ("completed", both))
            self.deploy("16", "crashes", ENDS)
            self.record(
                "updating", lambda update, states: (update, states) == ("updating", ["starting", *both])
            )
            self.record(
                "rolled_back",
                lambda update, states: (update, states) == ("rollback_started", ["failed", *both]),
            )
        finally:
            remove(self.name)


if __name__ == "__main__":
    from swarm_tool.stack import parse

    with tempfile.TemporaryDirectory() as folder:
        text = render(bake(Path(folder)))
    (RECORDED / "rendered.yml").write_text(text, encoding="utf-8")
    if is_swarm_manager():
        Recorder(parse(text)).run()
    else:
        print("only rendered.yml is new: the others need a swarm (`make engine` starts one)")
