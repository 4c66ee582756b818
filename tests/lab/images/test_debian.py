"""What the project may count on in Debian's slim image, and what it may not."""

import pytest

from tests.lab.images.container import configuration, programs, shell

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]

IMAGE = "debian:trixie-slim"


def test_configuration() -> None:
    assert configuration(IMAGE, "Cmd") == "[bash]"
    assert (
        configuration(IMAGE, "Env") == "[PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin]"
    )


def test_release() -> None:
    assert shell(IMAGE, '. /etc/os-release; echo "$ID $VERSION_CODENAME"') == "debian trixie"


def test_programs() -> None:
    assert programs(IMAGE, "bash groupadd setpriv useradd") == ["bash", "groupadd", "setpriv", "useradd"]
    assert programs(IMAGE, "addgroup adduser curl gpg openssl ps python3 wget") == []


def test_no_certificate_authorities_documentation_and_package_caches() -> None:
    folders = "/etc/ssl/certs /usr/share/doc /usr/share/man /var/lib/apt/lists /var/cache/apt"

    assert shell(IMAGE, f"find {folders} -type f ! -name copyright 2> /dev/null || true") == ""
