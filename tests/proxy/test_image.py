"""The image: what is in it, as whom it runs, and when it counts as healthy."""

import json

import pytest

from lab.docker import docker
from tests.harness.proxied import Proxied

pytestmark = pytest.mark.engine


def test_nginx_accepts_the_projects_configuration(proxy: Proxied) -> None:
    result = docker("exec", proxy.proxy, "nginx", "-t")

    assert "syntax is ok" in result.stderr
    assert "[warn]" not in result.stderr


def test_it_has_no_rights_at_all(proxy: Proxied) -> None:
    status = docker("exec", proxy.proxy, "cat", "/proc/1/status").stdout
    fields = dict(line.split(":\t") for line in status.splitlines())

    assert fields["Uid"].split() == ["10002"] * 4
    assert fields["Gid"].split() == ["10002"] * 4
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}


def test_it_is_told_by_sigquit_to_finish_what_it_does(proxy_image: str) -> None:
    config = json.loads(docker("image", "inspect", proxy_image).stdout)[0]["Config"]

    assert config["StopSignal"] == "SIGQUIT"
    # By number, which every platform can check.
    assert config["User"] == "10002:10002"


def test_nothing_in_it_raises_rights(proxy_image: str) -> None:
    found = docker(
        "run", "--rm", "--user=0", proxy_image, "find", "/", "-xdev", "-perm", "/6000", "-type", "f"
    )

    assert found.stdout == ""


def test_an_nginx_that_hangs_is_not_healthy(alone: Proxied) -> None:
    assert docker("exec", alone.proxy, "site", "healthy", check=False).returncode == 0

    docker("exec", alone.proxy, "bash", "-c", STOP_WORKERS)

    assert docker("exec", alone.proxy, "site", "healthy", check=False).returncode != 0


STOP_WORKERS = """
for process in /proc/[0-9]*; do
    if [ "$(cat "$process/comm")" = nginx ]; then kill -STOP "${process#/proc/}"; fi
done
"""
