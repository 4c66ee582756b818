"""What the project may count on in Redis's image, and what it may not."""

import pytest

from lab.docker import address_of, docker
from lab.wait import wait_until
from tests.lab.images.conftest import Start
from tests.lab.images.container import configuration, exit_code

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]

IMAGE = "redis:8-trixie"


def ask(server: str, *command: str) -> str:
    """Asks from another container: the server trusts its own more than others."""
    result = docker("run", "--rm", IMAGE, "redis-cli", "-h", address_of(server), *command, check=False)
    return (result.stdout or result.stderr).strip()


def wait_for(server: str) -> None:
    wait_until(lambda: "refused" not in ask(server, "PING"), 30, "the cache")


def test_configuration() -> None:
    assert configuration(IMAGE, "Volumes") == "map[/data:{}]"
    assert configuration(IMAGE, "WorkingDir") == "/data"
    assert configuration(IMAGE, "ExposedPorts") == "map[6379/tcp:{}]"


def test_it_is_open_to_its_network_without_a_password(start: Start) -> None:
    server = start(IMAGE)
    wait_for(server)

    assert "redis_version:8." in ask(server, "INFO", "server")


def test_started_as_root_it_steps_down_and_keeps_its_data_to_itself(start: Start) -> None:
    server = start(IMAGE)
    wait_for(server)
    ask(server, "SAVE")

    assert docker("exec", server, "stat", "-c", "%u:%g", "/proc/1", "/data").stdout == "999:999\n999:999\n"
    assert docker("exec", server, "stat", "-c", "%u %a", "/data/dump.rdb").stdout == "999 600\n"


def test_as_its_own_user_it_needs_no_capability_and_no_writable_root(start: Start) -> None:
    server = start(IMAGE, "--user=999:999", "--cap-drop=ALL", "--read-only")
    wait_for(server)

    assert ask(server, "SAVE") == "OK"


def test_a_configuration_file_is_for_the_server(start: Start) -> None:
    server = start(IMAGE, command=("/etc/cache.conf",), files={"/etc/cache.conf": "requirepass right\n"})
    wait_for(server)

    assert ask(server, "PING").startswith("NOAUTH")
    assert ask(server, "-a", "right", "--no-auth-warning", "PING") == "PONG"


def test_protected_mode_can_be_switched_on(start: Start) -> None:
    server = start(IMAGE, command=("/etc/cache.conf",), files={"/etc/cache.conf": "protected-mode yes\n"})
    wait_for(server)

    assert ask(server, "PING").startswith("DENIED")


def test_an_option_is_for_the_server(start: Start) -> None:
    server = start(IMAGE, command=("--maxmemory", "7mb"))
    wait_for(server)

    assert ask(server, "CONFIG", "GET", "maxmemory").split() == ["maxmemory", "7340032"]


def test_it_stops_gracefully(start: Start) -> None:
    server = start(IMAGE)
    wait_for(server)
    docker("stop", "--time=60", server)

    assert exit_code(server) == 0
