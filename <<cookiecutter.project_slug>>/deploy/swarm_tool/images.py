"""Images: what a tag means today, written down so that it means the same tomorrow."""

from __future__ import annotations

import json

from .docker import Docker, DockerError, Json
from .outcome import Problem, say

# Seconds for one image to arrive at the manager.
PULL_TIMEOUT = 900.0


def resolve(docker: Docker, reference: str) -> str:
    """Pull an image to the manager and return `name:tag@digest`.

    An image that was built on the only node of a swarm, and is in no registry, is pinned by its id instead.
    Raises Problem when the image does not exist, or only on one of several nodes.
    """
    why = "it was built on the node and is in no registry"
    if not reference.startswith("sha256:"):
        try:
            docker.text("pull", "--quiet", reference, timeout=PULL_TIMEOUT)
            return _with_digest(reference, docker.inspect("image", [reference])[0])
        except DockerError as error:
            why = f"pulling it failed: {error.why}"
    local = docker.inspect("image", [reference])
    if local and "@" in reference:
        say(f"  {reference}: {why}; the manager has it")
        return reference
    if not local or len(docker.text("node", "ls", "--quiet").split()) > 1:
        why += "; the other nodes do not have it" if local else ""
        raise Problem(f"image {reference} cannot be used", why, "push it, check its name, or `docker login`")
    image_id: str = local[0]["Id"]
    if image_id != reference:
        say(f"  {reference}: in no registry that answers; the only node has it, and uses it by its id")
    return image_id


def release_of(docker: Docker, reference: str) -> str:
    """Return the release that is baked into an image as RELEASE, or its tag when none is known."""
    found = docker.inspect("image", [reference])
    variables = (found[0]["Config"].get("Env") or []) if found else []
    baked = dict(variable.split("=", 1) for variable in variables).get("RELEASE")
    return baked or reference.partition("@")[0].rpartition(":")[2]


def platforms(docker: Docker, reference: str) -> set[str]:
    """Return the platforms of an image in its registry, such as linux/arm64; none where it is not in one."""
    try:
        manifest = json.loads(docker.text("manifest", "inspect", reference))
    except DockerError:
        return set()
    found = [part.get("platform", {}) for part in manifest.get("manifests", [])]
    return {f"{platform.get('os')}/{platform.get('architecture')}" for platform in found}


def check_exists(docker: Docker, reference: str) -> None:
    """Raise Problem unless an image is on the manager or in its registry; it is not pulled."""
    if not docker.inspect("image", [reference]):
        try:
            docker.text("manifest", "inspect", reference)
        except DockerError as error:
            raise Problem(f"image {reference} does not exist", error.why, "push it, or check its name") from None


def _with_digest(reference: str, image: Json) -> str:
    if "@" in reference:
        return reference
    path, slash, last = reference.rpartition("/")
    repository = path + slash + last.split(":")[0]
    digests = dict(name.split("@") for name in image["RepoDigests"])
    # The engine leaves the default registry out of its names.
    return f"{reference}@{digests[repository.replace('docker.io/library/', '').replace('docker.io/', '')]}"
