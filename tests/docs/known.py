"""What there is to know about the template and its project, read from the code itself."""

import ast
import json
import re
import sys
from pathlib import Path

import yaml

from lab.command import run
from tests.harness.bake import TEMPLATE

NAME = "([A-Z][A-Z0-9_]+)"
# Set by the deploy command for each deploy, never by a person.
SET_BY_DEPLOY = {"APP_IMAGE", "RELEASE"}

# Prints what the deploy command takes and how it ends, as JSON.
DEPLOY_COMMAND = """
import argparse, json
from swarm_tool import deploy, outcome
from swarm_tool.command_line import parser

def words(action):
    value = "|".join(action.choices or ()) or action.metavar or action.dest.upper()
    return " ".join(action.option_strings[-1:] + ([] if action.nargs == 0 else [value]))

(commands,) = [one for one in parser()._actions if isinstance(one, argparse._SubParsersAction)]
told = [
    " ".join(filter(None, [name, part]))
    for name, sub in commands.choices.items()
    for part in ["", *(words(one) for one in sub._actions if one.dest not in ("help", "environment"))]
]
print(json.dumps({"commands": told, "codes": [str(code.value) for code in outcome.Exit],
                  "checks": list(deploy.CHECKS)}))
"""


def text_of(*paths: Path) -> str:
    """Return what all these files hold, one after the other."""
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def prompts(_: Path) -> set[str]:
    answers = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    return {name for name in answers if not name.startswith("_")}


def targets(makefile: Path) -> set[str]:
    return {f"make {name}" for name in re.findall(r"^([a-z][a-z-]*):", text_of(makefile), re.MULTILINE)}


def template_targets(_: Path) -> set[str]:
    return targets(TEMPLATE / "Makefile")


def template_variables(_: Path) -> set[str]:
    places = ("tests/harness/need.py", "lab/engine/client.py", "tests/attack/conftest.py")
    asked = re.findall(rf'environ\.get\("{NAME}"', text_of(*(TEMPLATE / place for place in places)))
    return set(asked) | set(re.findall(rf"^{NAME} \?=", text_of(TEMPLATE / "Makefile"), re.MULTILINE))


def project_targets(project: Path) -> set[str]:
    return targets(project / "Makefile")


def settings(project: Path) -> set[str]:
    parsed = ast.parse(text_of(*(project / "exampleapp" / "settings").glob("*.py")))
    assigned = [one for one in parsed.body if isinstance(one, ast.Assign | ast.AnnAssign)]
    stored = [
        name.id
        for statement in assigned
        for name in ast.walk(statement)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    ]
    return {name for name in stored if name.isupper()}


def app_variables(project: Path) -> set[str]:
    code = text_of(*(project / "exampleapp").rglob("*.py"), *(project / "docker" / "app").rglob("*.py"))
    asked = re.findall(
        rf'\b(?:env(?:\.\w+)?\(|environ(?:\.get\(|\.setdefault\(|\[)|number\()\s*"{NAME}"', code
    )
    required = " ".join(re.findall(r"^require\(([^)]*)\)", code, re.MULTILINE))
    return {*asked, *re.findall(f'"{NAME}"', required)}


def deploy_variables(project: Path) -> set[str]:
    deploy = project / "deploy"
    assigned = re.findall(rf"^{NAME}=", text_of(*deploy.glob("configs/*/deploy.env")), re.MULTILINE)
    used = re.findall(rf"\$\{{{NAME}", text_of(*deploy.glob("stack*.yml")))
    code = text_of(*deploy.glob("swarm_tool/*.py"))
    asked = re.findall(rf'(?:settings(?:\.get\(|\[)|\.number\()"{NAME}"', code)
    loops = re.findall(r"\bfor (?:key|required) in \(([^)]*)\)", code)
    named = re.findall(f'"{NAME}"', " ".join(loops))
    found = {*assigned, *used, *asked, *named, *deploy_command(project)["checks"]}
    return found - SET_BY_DEPLOY


def laptop_variables(project: Path) -> set[str]:
    compose = re.findall(rf"\$\{{{NAME}", text_of(project / "docker-compose.yml"))
    values = re.findall(rf"^{NAME}=", text_of(project / "docker" / "config.env"), re.MULTILINE)
    given = yaml.safe_load(text_of(project / "docker-compose.yml"))["services"]
    environment = [name for service in given.values() for name in service.get("environment", {})]
    front_end = re.findall(rf"process\.env\.{NAME}", text_of(project / "frontend" / "build.mjs"))
    return {*compose, *values, *environment, *front_end}


def build_arguments(project: Path) -> set[str]:
    dockerfiles = text_of(*project.rglob("Dockerfile"))
    return {*re.findall(rf"^ARG {NAME}", dockerfiles, re.MULTILINE), *re.findall(r"id=([\w.]+)", dockerfiles)}


def stack_part(project: Path, part: str) -> set[str]:
    return set(yaml.safe_load(text_of(project / "deploy" / "stack.yml"))[part])


def services(project: Path) -> set[str]:
    return stack_part(project, "services")


def secrets(project: Path) -> set[str]:
    return stack_part(project, "secrets")


def configs(project: Path) -> set[str]:
    return stack_part(project, "configs")


def deploy_command(project: Path) -> dict[str, list[str]]:
    """Return the commands, exit codes and checks of `deploy/swarm`."""
    folder = {"PYTHONPATH": str(project / "deploy"), "PYTHONDONTWRITEBYTECODE": "1"}
    told: dict[str, list[str]] = json.loads(run([sys.executable, "-c", DEPLOY_COMMAND], env=folder).stdout)
    return told


def commands(project: Path) -> set[str]:
    return set(deploy_command(project)["commands"])


def exit_codes(project: Path) -> set[str]:
    return set(deploy_command(project)["codes"])


def manage_commands(project: Path) -> set[str]:
    found = set()
    for file in (project / "exampleapp").rglob("management/commands/[a-z]*.py"):
        words = re.findall(r'add_argument\("([^"]+)"', text_of(file))
        found |= {file.stem, *(f"{file.stem} {word}" for word in words)}
    return found


def run_job_codes(project: Path) -> set[str]:
    # Django's own are 0 and 1.
    return {"0", "1", *re.findall(r"^BUSY = (\d+)$", text_of(*project.rglob("run_job.py")), re.MULTILINE)}


def jobs(project: Path) -> set[str]:
    return set(re.findall(r'@job\("(\w+)"', text_of(*(project / "exampleapp" / "jobs").glob("*.py"))))
