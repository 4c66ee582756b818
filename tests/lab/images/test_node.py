"""What the project may count on in Node.js's slim image, and what it may not."""

import pytest

from lab.docker import docker
from tests.lab.images.container import configuration, programs, shell

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]

IMAGE = "node:22-trixie-slim"


def test_user_and_group_node_are_1000() -> None:
    assert shell(IMAGE, "id node; stat -c '%U %n' ~node").splitlines() == [
        "uid=1000(node) gid=1000(node) groups=1000(node)",
        "node /home/node",
    ]


def test_the_user_is_root_unless_told_otherwise() -> None:
    assert configuration(IMAGE, "User") == ""


def test_programs() -> None:
    node, npm, yarn = shell(IMAGE, "node --version; npm --version; yarn --version").splitlines()

    assert (node[:4], npm[:3], yarn[:2]) == ("v22.", "10.", "1.")
    assert programs(IMAGE, "adduser curl git python3 wget") == []


def test_npm_works_for_the_user_node() -> None:
    assert (
        docker("run", "--rm", "--user", "node", IMAGE, "npm", "prefix", "--global").stdout == "/usr/local\n"
    )


def test_options_and_scripts_are_for_node_and_programs_are_run() -> None:
    assert docker("run", "--rm", IMAGE, "--print", "6 * 7").stdout == "42\n"
    assert docker("run", "--rm", IMAGE, "echo", "a program").stdout == "a program\n"
    assert "Cannot find module" in docker("run", "--rm", IMAGE, "missing.js", check=False).stderr
