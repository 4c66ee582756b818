"""What the tests may count on in the image of the registry."""

from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from lab.docker import docker, unique_name
from lab.ports import free_port
from lab.wait import wait_until
from tests.lab.images.conftest import Start
from tests.lab.images.container import configuration

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]

IMAGE = "registry:2"


def status(port: int) -> int | None:
    """Returns the status of the registry's answer, None while it does not answer."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, ConnectionError):
        return None


def test_configuration() -> None:
    assert configuration(IMAGE, "Volumes") == "map[/var/lib/registry:{}]"
    assert configuration(IMAGE, "ExposedPorts") == "map[5000/tcp:{}]"


def test_images_are_pushed_and_pulled_without_a_login(start: Start, tmp_path: Path) -> None:
    port = free_port()
    start(IMAGE, f"--publish=127.0.0.1:{port}:5000")
    wait_until(lambda: status(port) == 200, 30, "the registry")
    name = f"127.0.0.1:{port}/{unique_name('registry')}:1"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    docker("build", "--tag", name, str(tmp_path))
    try:
        docker("push", name)
        docker("image", "rm", name)
        docker("pull", name)
    finally:
        docker("image", "rm", name, check=False)


def test_the_environment_overrides_the_configuration(start: Start) -> None:
    port = free_port()
    authentication = {"": "htpasswd", "_HTPASSWD_REALM": "test", "_HTPASSWD_PATH": "/run/htpasswd"}
    options = [f"--env=REGISTRY_AUTH{name}={value}" for name, value in authentication.items()]
    start(IMAGE, f"--publish=127.0.0.1:{port}:5000", *options, files={"/run/htpasswd": "user:$2y$05$none\n"})

    wait_until(lambda: status(port) is not None, 30, "the registry")

    assert status(port) == 401
