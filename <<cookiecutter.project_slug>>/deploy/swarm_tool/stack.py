"""The stack of a release: every image pinned, every secret and config by its exact name."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .docker import Json
from .outcome import Problem


class Config(NamedTuple):
    """A config that a release needs, with the content it must have."""

    name: str
    content: str
    template_driver: str


def parse(text: str) -> Json:
    """Read a stack as `docker stack config` prints it: only newer clients than we ask for can print JSON.

    Raises Problem where PyYAML is missing; nothing else of this tool needs it, a rollback least of all.
    """
    try:
        import yaml  # noqa: PLC0415
    except ImportError:
        remedy = "install python3-yaml, or use the Python of the project's virtual environment"
        raise Problem("the stack cannot be read", f"{sys.executable} has no PyYAML", remedy) from None

    class Loader(yaml.SafeLoader):
        """A reader for which a lone =, or the sign of a merge, is a text, as it is for the client."""

    for sign in ("value", "merge"):
        Loader.add_constructor(f"tag:yaml.org,2002:{sign}", lambda _, node: str(node.value))
    stack: Json = yaml.load(text, Loader)  # noqa: S506
    # Each client writes the newest version of the format that it knows, and refuses a newer one; none is needed.
    stack.pop("version", None)
    return stack


def split_version(stack_name: str, full_name: str) -> tuple[str, int] | None:
    """Split STACK_name_version into name and version; None when it is not made like this."""
    match = re.fullmatch(re.escape(stack_name) + r"_(\w+)_(\d+)", full_name)
    return (match[1], int(match[2])) if match else None


def secrets_of(stack_name: str, stack: Json) -> dict[str, tuple[str, int]]:
    """Return the secrets of a stack: key in the file, then own name and version."""
    found = {key: split_version(stack_name, item["name"]) for key, item in stack.get("secrets", {}).items()}
    return {key: parts for key, parts in found.items() if parts}


def set_versions(stack_name: str, stack: Json, newest: dict[str, int], running: Json) -> None:
    """Let a stack use the newest version of every secret.

    A key that ends in `_previous` gets what runs now, so that the old value is accepted until the next deploy;
    where that is the newest already it gets version 0, a placeholder whose value was thrown away.
    The database's password stays as well: it is read only when the files are made, and must not restart it.
    """
    before = secrets_of(stack_name, running)
    for key, (name, version) in secrets_of(stack_name, stack).items():
        wanted = newest.get(name, version)
        if key == f"{name}_previous":
            used = before.get(name, (name, 0))[1]
            wanted = used if used != wanted else 0
        elif key == "database_password" and key in before:
            wanted = before[key][1]
        stack["secrets"][key]["name"] = f"{stack_name}_{name}_{wanted}"


def take_configs(stack_name: str, stack: Json) -> list[Config]:
    """Name every config by its content, refer to it by that name alone, and return what has to exist."""
    configs = []
    for key, config in stack.get("configs", {}).items():
        if "file" in config:
            content = Path(config["file"]).read_text(encoding="utf-8")
            driver = config.get("template_driver", "")
            digest = hashlib.sha256(f"{driver}\n{content}".encode()).hexdigest()[:8]
            configs.append(Config(f"{stack_name}_{key}_{digest}", content, driver))
            stack["configs"][key] = {"external": True, "name": configs[-1].name}
    return configs


def pin_images(stack: Json, pin: Callable[[str], str]) -> dict[str, str]:
    """Replace every image by what `pin` returns for it; return what was replaced by what."""
    images: dict[str, str] = {}
    for service in stack["services"].values():
        # Its lines are in `environment` by now, and its path is one of this machine.
        service.pop("env_file", None)
        reference = service["image"]
        images[reference] = images.get(reference) or pin(reference)
        service["image"] = images[reference]
    return images


def names(stack: Json, kind: str) -> set[str]:
    """Return the full names of all `secrets` or `configs` of a stack."""
    return {item["name"] for item in stack.get(kind, {}).values()}


def backing(stack: Json) -> set[str]:
    """Return the services that the app stands on: with an image that neither the app has, nor what publishes a port."""
    services: dict[str, Json] = stack["services"]
    others = {service["image"] for key, service in services.items() if key == "app" or service.get("ports")}
    return {key for key, service in services.items() if service["image"] not in others}


def changed_services(old: Json, new: Json) -> list[str]:
    """Name the services that a deploy restarts, adds or removes."""
    before, after = _containers(old), _containers(new)
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def dump(stack: Json) -> str:
    """Write a stack as `docker stack deploy` reads it: as JSON, which is YAML but for one thing."""
    # YAML has no pairs of escapes for what is beyond 16 bits: each character gets one.
    text = re.sub(
        r"[^ -~]", lambda found: f"\\U{ord(found[0]):08x}", json.dumps(stack, sort_keys=True, ensure_ascii=False)
    )
    # The docker client fills in $ a second time: doubled, it stays what it is.
    return text.replace("$", "$$")


def _containers(stack: Json) -> Json:
    """Return each service with the names behind its secrets, configs and networks, and without its labels."""
    services = {}
    for key, service in stack.get("services", {}).items():
        deploy = {name: value for name, value in service.get("deploy", {}).items() if name != "labels"}
        kinds = [(kind, item["source"]) for kind in ("secrets", "configs") for item in service.get(kind, [])]
        services[key] = {
            **service,
            "deploy": deploy,
            "uses": [stack[kind][source]["name"] for kind, source in kinds],
            "on": [
                ((stack.get("networks") or {}).get(network) or {}).get("name")
                for network in service.get("networks", {})
            ],
        }
    return services
