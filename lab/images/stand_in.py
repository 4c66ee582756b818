"""Stand-ins: built from their recipe, and built again only when that changes."""

import hashlib
from functools import cache

from lab.docker import docker

from . import debian, machine
from .names import parents_of, recipe_of

LABEL = "swarm-django.stand-in"


def build(name: str) -> None:
    """Build the stand-in of an image under the image's own name.

    Raises ImageError and CommandFailedError: see `debian.build`.
    """
    label = f"{LABEL}={digest(name)}"
    if name == debian.NAME:
        debian.build(label)
    else:
        docker("build", "--tag", name, "--label", label, str(recipe_of(name)))


@cache
def digest(name: str) -> str:
    """Return a digest of all that a stand-in is made of: its recipe, its parents and this machine's files."""
    found = hashlib.sha256()
    for file in sorted(path for path in recipe_of(name).rglob("*") if path.is_file()):
        found.update(f"{file.relative_to(recipe_of(name))}\n".encode())
        found.update(file.read_bytes())
    for parent in parents_of(name):
        found.update(digest(parent).encode())
    if name == debian.NAME:
        found.update(
            repr(
                (debian.CONFIGURATION, debian.LEFT_OVERS, sorted(machine.files(debian.SUITE).items()))
            ).encode()
        )
    return found.hexdigest()


def label_of(name: str) -> str | None:
    """Return the digest in an image's label: empty for a real image, None when there is no such image."""
    answer = docker(
        "image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', name, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else None
