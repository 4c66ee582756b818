"""The production image runs under all restrictions and serves the site."""

import json
import re

import pytest

from lab.docker import docker
from tests.app_image.containers import Container

pytestmark = pytest.mark.engine

RELEASE = "0123abc"
YEAR_SECONDS = 365 * 24 * 60 * 60


def test_home_page_answers_with_the_release(app: Container) -> None:
    answer = app.get("/")

    assert answer.status == 200
    assert RELEASE in answer.text


def test_alive_names_the_release_and_every_check(app: Container) -> None:
    alive = app.get("/api/alive").json()

    assert alive["status"] == "ok"
    assert alive["release"] == RELEASE
    assert alive["checks"] == {"database": "ok", "cache": "ok"}


def test_static_files_are_hashed_compressed_and_kept_for_a_year(app: Container) -> None:
    (path,) = set(re.findall(r"/static/build/main\.[0-9a-f]{12}\.css", app.get("/").text))

    answer = app.get(path, **{"Accept-Encoding": "gzip"})

    assert answer.status == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    (seconds,) = re.findall(r"max-age=(\d+)", answer.headers["cache-control"])
    assert int(seconds) >= YEAR_SECONDS


def test_every_line_of_the_log_is_json_with_the_release(app: Container) -> None:
    app.get("/", **{"X-Request-ID": "id-of-this-test"})

    lines = [json.loads(line) for line in app.logs().splitlines()]

    assert {line["release"] for line in lines} == {RELEASE}
    # One line for the request, not one of gunicorn's as well.
    assert [line["path"] for line in lines if line["request_id"] == "id-of-this-test"] == ["/"]
    assert "gunicorn.error" in {line["logger"] for line in lines}


def test_no_process_is_root_or_has_a_capability(app: Container) -> None:
    # The name of a process, then what it is.
    status = app.run("sh", "-c", "cat /proc/[0-9]*/status")

    assert set(re.findall(r"^Uid:\s+(.*)$", status, re.MULTILINE)) == {"10001\t10001\t10001\t10001"}
    assert set(re.findall(r"^CapEff:\s+(\w+)$", status, re.MULTILINE)) == {"0" * 16}


def test_labels_name_the_release(app_image: str) -> None:
    labels = json.loads(docker("inspect", "--format", "{{json .Config.Labels}}", app_image).stdout)

    assert labels["org.opencontainers.image.revision"] == RELEASE
    assert labels["org.opencontainers.image.version"] == RELEASE
