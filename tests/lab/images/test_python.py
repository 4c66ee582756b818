"""What the project may count on in Python's slim image, and what it may not."""

import pytest

from tests.lab.images.container import configuration, programs, shell

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]

IMAGE = "python:3.13-slim-trixie"


def test_configuration() -> None:
    assert configuration(IMAGE, "Cmd") == "[python3]"
    assert configuration(IMAGE, "User") == ""


def test_programs() -> None:
    found = shell(IMAGE, "for name in pip python python3; do command -v $name; done").splitlines()

    assert found == ["/usr/local/bin/pip", "/usr/local/bin/python", "/usr/local/bin/python3"]
    assert programs(IMAGE, "/usr/bin/python3 adduser cc curl gcc make") == []


def test_version() -> None:
    assert shell(IMAGE, "python --version").startswith("Python 3.13.")


def test_a_virtual_environment_links_to_the_base_and_has_pip() -> None:
    script = "python3 -m venv /venv; readlink /venv/bin/python3; /venv/bin/pip --version"
    link, pip = shell(IMAGE, script).splitlines()

    assert link == "/usr/local/bin/python3"
    assert pip.startswith("pip ")


def test_packages_live_in_site_packages() -> None:
    folder = "/usr/local/lib/python3.13/site-packages"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"

    assert shell(IMAGE, f'python -c "{where}"') == folder
    assert (
        shell(IMAGE, f"echo answer = 42 > {folder}/deep.py; python -c 'import deep; print(deep.answer)'")
        == "42"
    )


def test_the_standard_library_is_whole() -> None:
    shell(IMAGE, "python -c 'import bz2, ctypes, curses, lzma, readline, sqlite3, ssl, uuid, zlib'")


def test_the_standard_library_comes_without_byte_code() -> None:
    assert shell(IMAGE, "find /usr/local/lib -name '*.pyc'") == ""


def test_time_zones_and_certificate_authorities_are_there() -> None:
    shell(IMAGE, "ls /usr/share/zoneinfo/Europe/Lisbon /etc/ssl/certs/ca-certificates.crt")
