"""What the tests of several nodes may count on in the image of an engine."""

import pytest

from lab.docker import address_of, docker
from lab.wait import wait_until
from tests.lab.images.conftest import Start

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]

IMAGE = "docker:28-dind"


def test_the_engine_answers_without_tls(start: Start) -> None:
    name = start(IMAGE, "--privileged", "--env=DOCKER_TLS_CERTDIR=", command=("--label=of=a-test",))
    engine = ("--host", f"tcp://{address_of(name)}:2375", "info", "--format", "{{.Labels}}")

    wait_until(lambda: docker(*engine, check=False).returncode == 0, 60, "the engine")

    assert docker(*engine).stdout == "[of=a-test]\n"
