"""An environment: the folder under deploy/configs/ that says where and what is deployed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .docker import Docker, DockerError, Json
from .outcome import Problem
from .stack import parse

DEPLOY = Path(__file__).resolve().parents[1]
# A swarm allows 64 characters in a name, and the longest is STACK_proxy_modsecurity_01234567.
LONGEST_STACK = 32
# What the docker client itself needs to know to render a stack.
CLIENT = ("DOCKER_CONFIG", "HOME", "PATH")
# A line as a shell reads it. What a shell would expand, or end the value at, has to be quoted.
LINE = re.compile(
    r"""[ \t]*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>(?:'[^']*'|"(?:[^"\\$`]|\\.)*"|\\.|"""
    r"""[^\s'"\\$`;&|<>()~])*))?(?:(?:^|[ \t]+)\#.*)?[ \t]*"""
)
PART = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^'"\\]+)""")


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
        overlays = self.settings["OVERLAY"].split(",")
        return [DEPLOY / "stack.yml", *(DEPLOY / f"stack.{overlay}.yml" for overlay in overlays)]

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
        files = [f"--compose-file={file}" for file in self.stack_files]
        # Nothing comes from the operator's shell, so that every operator deploys the same.
        own = {name: self.docker.variables[name] for name in CLIENT if name in self.docker.variables}
        try:
            return self.docker.text("stack", "config", *files, variables={**own, **self.settings, **variables})
        except DockerError as error:
            remedy = f"correct them, or {self.name}/deploy.env"
            raise Problem("the stack files cannot be rendered", error.why, remedy) from None

    def sketch(self) -> Json:
        """Return the stack where only names matter, and no image is known yet."""
        return parse(self.render(RELEASE="unknown", APP_IMAGE="unknown:0"))


def load(name: str) -> Environment:
    """Read the settings of an environment; raise Problem when there is none or it is not in order."""
    path = settings_file(name)
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
    if settings["ENVIRONMENT"] != name:
        why = f"{path} says ENVIRONMENT={settings['ENVIRONMENT']}, and that one's configs would be deployed"
        raise Problem(f"{name} is not the environment {name}", why, f"write ENVIRONMENT={name} there")
    _check_alone(name, settings)
    return Environment(name, settings, Docker(_engine(settings)))


def settings_file(name: str) -> Path:
    """Return where the settings of an environment are."""
    return DEPLOY / "configs" / name / "deploy.env"


def _engine(settings: dict[str, str]) -> dict[str, str]:
    return {key: settings[key] for key in ("DOCKER_HOST", "DOCKER_CONTEXT") if settings.get(key)}


def _check_alone(name: str, settings: dict[str, str]) -> None:
    """Raise Problem when another folder names the same stack on the same engine: each would undo the other's deploy."""
    for path in sorted(DEPLOY.glob("configs/*/deploy.env")):
        if path.parent.name == name:
            continue
        try:
            other = read_settings(path)
        except Problem:
            # What is wrong with that one is told when it is used.
            continue
        if other.get("STACK") == settings["STACK"] and _engine(other) == _engine(settings):
            why = f"{path.parent.name} and {name} both deploy {settings['STACK']} to one swarm"
            raise Problem("two environments have the same STACK", why, f"change it in {settings_file(name)}")


def read_settings(path: Path) -> dict[str, str]:
    """Read NAME=value lines as a shell does; raise Problem with the number of a line that is none."""
    settings = {}
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        try:
            found = LINE.fullmatch(line.decode())
        except UnicodeDecodeError:
            found = None
        if not found or b"\0" in line:
            remedy = "put what is no letter or digit between single quotes, and save it as UTF-8, with Unix line ends"
            raise Problem(f"line {number} of {path} is not understood", "a line is a comment or NAME=value", remedy)
        if found["name"]:
            settings[found["name"]] = "".join(map(_unquoted, PART.finditer(found["value"])))
    return settings


def _unquoted(part: re.Match[str]) -> str:
    literal, quoted, escaped, plain = part.groups()
    # Between double quotes a backslash takes away the meaning of these four alone (POSIX shell, 2.2.3).
    return literal or (re.sub(r'\\([$`"\\])', r"\1", quoted) if quoted else escaped or plain or "")
