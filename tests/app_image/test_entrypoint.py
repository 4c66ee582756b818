"""The container refuses to start without its settings, and waits for what it needs, but not for ever."""

import time

import pytest

from lab.docker import docker
from lab.wait import wait_until
from tests.app_image import containers
from tests.app_image.containers import SECRETS, Container, Services, seconds_since
from tests.app_image.slow_upload import slow_upload

pytestmark = pytest.mark.engine


def test_missing_variables_are_all_named(app_image: str) -> None:
    result = docker("run", "--rm", app_image, check=False)

    assert result.returncode == 1
    for name in (*(name.upper() for name in SECRETS), "DOMAIN"):
        assert f"{name} is missing" in result.stderr
    assert "Traceback" not in result.stderr


def test_doubled_variable_is_named(app_image: str, services: Services) -> None:
    arguments = containers.app_arguments(app_image, services, "--rm", "--env=SECRET_KEY=another")

    result = docker("run", *arguments, check=False)

    assert result.returncode == 1
    assert "SECRET_KEY and SECRET_KEY_FILE are both set" in result.stderr


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DATABASE_URI", "postgres://app:x@127.0.0.1:1/app", "database: could not reach 127.0.0.1:1 for 2 s"),
        ("REDIS_URI", "redis://127.0.0.1:2/0", "cache: could not reach 127.0.0.1:2 for 2 s"),
    ],
)
def test_unreachable_service_is_given_up_in_time(
    app_image: str, services: Services, variable: str, value: str, said: str
) -> None:
    options = ("--rm", f"--env={variable}_FILE=", f"--env={variable}={value}", "--env=WAIT_SECONDS=2")
    start = time.monotonic()

    result = docker("run", *containers.app_arguments(app_image, services, *options), check=False)

    assert result.returncode == 1
    assert said in result.stderr
    assert seconds_since(start) < 10


def test_concurrency_that_is_no_number_is_refused(app_image: str) -> None:
    result = docker("run", "--rm", "--env=WEB_CONCURRENCY=two", app_image, check=False)

    assert result.returncode == 1
    assert result.stderr.strip() == "WEB_CONCURRENCY=two: give a whole number"


def test_wait_that_is_no_number_is_refused(app_image: str, services: Services) -> None:
    arguments = containers.app_arguments(app_image, services, "--rm", "--env=WAIT_SECONDS=soon")

    result = docker("run", *arguments, check=False)

    assert result.returncode == 1
    assert result.stderr.strip() == "WAIT_SECONDS=soon: give whole seconds"


def test_service_that_comes_late_is_waited_for(app_image: str, migrated: Services) -> None:
    docker("stop", migrated.cache.name)
    try:
        with containers.app(app_image, migrated) as replica:
            # Long enough to have tried: without the wait it would have ended or served by now.
            time.sleep(2)
            assert replica.is_running()
            with pytest.raises(OSError, match=r"no HTTP answer|refused|reset"):
                replica.get("/api/alive")
            docker("start", migrated.cache.name)
            replica.wait_until_healthy()
    finally:
        docker("start", migrated.cache.name)


def test_request_in_flight_survives_sigterm(app: Container) -> None:
    with slow_upload(app) as upload:
        docker("kill", "--signal=TERM", app.name)
        wait_until(lambda: "Handling signal: term" in app.logs(), 5, "gunicorn to hear the signal")

        assert upload.finish() == 200

    wait_until(lambda: not app.is_running(), 10, "the replica to end")
    assert app.exit_code() == 0
