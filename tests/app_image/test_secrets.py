"""No secret stays in an image, nor where a look at a container shows it."""

import base64
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.docker import docker, unique_name
from tests.app_image.containers import PASSWORDS, SECRETS, Container
from tests.app_image.private_index import AUTHORIZATION, PACKAGE, PASSWORD, private_index
from tests.harness.bake import bake
from tests.harness.images import build

pytestmark = pytest.mark.engine

DOCKERFILE = "docker/app/Dockerfile"


@pytest.fixture(scope="module", params=["compile-image", "runtime-image"])
def exported(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    base_images: object,  # noqa: ARG001
) -> Iterator[bytes]:
    """All that leaves the machine when a stage that needed the private index is pushed with its cache.

    Its history, its configuration, the cache in it, and every layer.
    """
    folder = tmp_path_factory.mktemp("private")
    project = bake(folder)
    image, archive = unique_name("images-private"), folder / "image.tar"
    with private_index(folder) as index, (project / "requirements/production.txt").open("a") as requirements:
        requirements.write(index.requirement)
        requirements.flush()
        (folder / "pip.conf").write_text(index.pip_conf, encoding="utf-8")
        options = (
            f"--target={request.param}",
            f"--secret=id=pip.conf,src={folder / 'pip.conf'}",
            "--cache-to=type=inline",
            "--network=host",
        )
        build(project, DOCKERFILE, image, *options)
    try:
        docker("save", f"--output={archive}", image)
        history = docker("history", "--no-trunc", image).stdout
        yield archive.read_bytes() + history.encode() + inline_cache(archive)
    finally:
        docker("image", "rm", image)
        archive.unlink(missing_ok=True)


def inline_cache(archive: Path) -> bytes:
    """Return what BuildKit wrote about its cache into the image's configuration, decoded."""
    with tarfile.open(archive) as image:
        (manifest,) = json.load(image.extractfile("manifest.json"))  # type: ignore[arg-type]
        config = json.load(image.extractfile(manifest["Config"]))  # type: ignore[arg-type]
    return base64.b64decode(config["moby.buildkit.cache.v0"])


def test_environment_of_the_main_process_holds_no_secret(app: Container) -> None:
    environment = app.run("cat", "/proc/1/environ")

    assert "SECRET_KEY_FILE=/run/secrets/secret_key" in environment
    assert [value for value in (*SECRETS.values(), *PASSWORDS.values()) if value in environment] == []


def test_credentials_of_a_private_index_leave_no_trace(exported: bytes) -> None:
    # The package is there, so the credentials were used.
    assert f"site-packages/{PACKAGE}.py".encode() in exported
    assert PASSWORD.encode() not in exported
    assert AUTHORIZATION.encode() not in exported
