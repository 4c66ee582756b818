"""`docker compose up` in a fresh checkout is all it takes. The tests change the checkout, in this order."""

import json
import os
import ssl
from http.client import HTTPConnection, HTTPSConnection

import pytest

from lab.command import run
from lab.docker import docker
from lab.wait import wait_until
from tests.compose.checkout import Checkout
from tests.harness.http import get

pytestmark = pytest.mark.engine


def page(development: Checkout, path: str = "/") -> str:
    """Return a page of the app; nothing while it restarts."""
    try:
        return get(development.ports["APP_PORT"], path).text
    except OSError:
        return ""


def test_app_answers_where_it_says(development: Checkout) -> None:
    port = development.ports["APP_PORT"]

    assert f"http://localhost:{port}" in development.compose("logs", "app")
    assert get(port, "/").status == 200
    assert get(port, "/api/alive").json()["checks"] == {"database": "ok", "cache": "ok"}
    # The tables are there.
    assert get(port, "/admin/login/").status == 200


def test_ports_are_open_to_this_machine_only(development: Checkout) -> None:
    published = []
    for container in development.compose("ps", "--quiet").split():
        ports = json.loads(docker("inspect", "--format", "{{json .NetworkSettings.Ports}}", container).stdout)
        published += [binding for bindings in ports.values() for binding in bindings or []]

    assert {binding["HostIp"] for binding in published} == {"127.0.0.1"}
    expected = {str(port) for name, port in development.ports.items() if name != "HTTPS_PORT"}
    assert {binding["HostPort"] for binding in published} == expected


def test_own_tests_pass_with_the_real_database_and_cache(development: Checkout) -> None:
    output = development.compose("run", "--rm", "app", "pytest")

    assert "settings: exampleapp.settings.docker (from env)" in output
    assert " passed" in output


def test_commands_run_beside_the_server(development: Checkout) -> None:
    development.compose("exec", "app", "python", "manage.py", "startapp", "made_by_exec")
    (development.folder / "made_by_exec" / "views.py").unlink()

    assert development.strangers() == []
    development.compose("exec", "app", "rm", "-r", "made_by_exec")


def test_checkout_stays_clean_and_its_owner_s(development: Checkout) -> None:
    assert (development.folder / "data" / "postgres").is_dir()
    assert development.strangers() == []
    assert development.status() == ""


def test_change_of_the_code_restarts_the_app(development: Checkout) -> None:
    settings = development.folder / "exampleapp/settings/common.py"
    text = settings.read_text(encoding="utf-8")
    assert "Changed App" not in page(development)

    settings.write_text(text.replace('PROJECT_NAME = "Example App"', 'PROJECT_NAME = "Changed App"'))

    wait_until(lambda: "Changed App" in page(development), 30, "the page to show the new name")


def test_change_of_the_front_end_reloads_the_page(development: Checkout) -> None:
    events = HTTPConnection("127.0.0.1", development.ports["STATIC_PORT"], timeout=30)
    events.request("GET", "/esbuild", headers={"Accept": "text/event-stream"})
    stream = events.getresponse()

    with (development.folder / "frontend/src/main.css").open("a", encoding="utf-8") as styles:
        styles.write("\n.written-by-a-test { color: rebeccapurple; }\n")

    line = stream.readline()
    while b"event: change" not in line:
        assert line, "the stream of events ended"
        line = stream.readline()
    events.close()
    assert ".written-by-a-test" in page(development, "/static/build/main.css")


def test_https_with_a_certificate_of_our_own(development: Checkout) -> None:
    certificates = development.folder / "docker/certificates"
    run([certificates / "make-certificate.sh"])
    for file in certificates.iterdir():
        os.chown(file, development.owner, -1)

    development.compose("--profile=https", "up", "--detach", "https")

    trusted = ssl.create_default_context(cafile=certificates / "cert.crt")
    wait_until(lambda: "stylesheet" in secure_page(development, trusted), 30, "the page over https")
    assert "cert" not in development.status()


def secure_page(development: Checkout, trusted: ssl.SSLContext) -> str:
    """Return the home page over https; nothing while the server starts."""
    connection = HTTPSConnection("localhost", development.ports["HTTPS_PORT"], timeout=10, context=trusted)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    except ssl.SSLCertVerificationError:
        raise
    except OSError:
        return ""
    finally:
        connection.close()


def test_going_down_leaves_nothing_but_the_data(development: Checkout) -> None:
    development.compose("--profile=https", "down")

    assert development.left_over() == ""
    assert development.strangers() == []
