"""An environment: the folder under deploy/configs/ that says where and what is deployed."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import rendered_yaml
from .docker import Docker
from .outcome import Problem
from .stack import Stack

DEPLOY = Path(__file__).resolve().parents[1]
# A swarm allows 64 characters in a name, and the longest is STACK_proxy_modsecurity_conf_01234567.
LONGEST_STACK = 32


@dataclass(frozen=True)
class Environment:
    """One environment: its settings file, and the engine it runs on."""

    name: str
    settings: dict[str, str]
    docker: Docker

    @property
    def stack(self) -> str:
        """The name of the stack in the swarm."""
        return self.settings["STACK"]

    @property
    def stack_files(self) -> list[Path]:
        """The files that make up the stack, in the order in which they are merged."""
        return [DEPLOY / "stack.yml", DEPLOY / f"stack.{self.settings['OVERLAY']}.yml"]

    @property
    def database(self) -> str:
        """The name of the database and of the role that owns it: DATABASE of the service `db`."""
        found = self.sketch()["services"].get("db", {}).get("environment", {}).get("DATABASE")
        if not found:
            raise Problem("the database has no name", "the service db has no DATABASE", "set it in deploy/stack.yml")
        return str(found)

    def number(self, setting: str, default: float) -> float:
        """Return a setting that is a number; raise Problem when it is none."""
        try:
            return float(self.settings.get(setting) or default)
        except ValueError as error:
            raise Problem(f"{setting} is no number", str(error), "correct it in deploy.env") from None

    def render(self, **variables: str) -> str:
        """Render the stack files; `variables` are what the settings file lacks. Raise Problem with the reason."""
        command = ["docker", "stack", "config", *(f"--compose-file={file}" for file in self.stack_files)]
        # The settings file wins over the shell, so that every operator deploys the same.
        values = {**self.docker.environment, **self.settings, **variables}
        done = subprocess.run(command, env=values, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Problem("the stack files cannot be rendered", done.stderr, f"correct them or {self.name}/deploy.env")
        return done.stdout

    def sketch(self) -> Stack:
        """Return the stack where only names matter, and no image is known yet."""
        stack: Stack = rendered_yaml.parse(self.render(RELEASE="unknown", APP_IMAGE="unknown:0"))
        return stack


def load(name: str) -> Environment:
    """Read the settings of an environment; raise Problem when there is none or it is not in order."""
    path = DEPLOY / "configs" / name / "deploy.env"
    if not path.is_file():
        known = ", ".join(sorted(file.parent.name for file in DEPLOY.glob("configs/*/deploy.env")))
        raise Problem(f"no environment is called {name}", f"there is no {path}", f"use one of: {known}; or copy one")
    settings = {"ENVIRONMENT": name, **read_settings(path)}
    for required in ("STACK", "OVERLAY", "DOMAIN"):
        if not settings.get(required):
            raise Problem(f"{required} is not set", f"{path} does not say it", f"add {required}=… there")
    if len(settings["STACK"]) > LONGEST_STACK:
        why = f"{settings['STACK']} has {len(settings['STACK'])} characters; names in the swarm begin with it"
        raise Problem("STACK is too long", why, f"use at most {LONGEST_STACK} in {path}")
    return Environment(
        name,
        settings,
        Docker({key: settings[key] for key in ("DOCKER_HOST", "DOCKER_CONTEXT") if settings.get(key)}),
    )


def read_settings(path: Path) -> dict[str, str]:
    """Read NAME=value lines as a shell would; raise Problem with the number of a line that is none."""
    settings = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = ["", line]
        if words and (len(words) > 1 or not re.match(r"[A-Za-z_]\w*=", words[0])):
            raise Problem(
                f"line {number} of {path} is not understood",
                "a line is a comment or NAME=value",
                "quote spaces",
            )
        if words:
            key, _, settings[key] = words[0].partition("=")
    return settings
