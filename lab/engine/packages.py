"""Debian's packages of the engine: install them where they are missing."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.command import run

from . import sources
from .errors import EngineError

# Debian 12's own engine is 20.10, without buildx and compose; Debian 13's runs on 12's libc.
SUITE = "trixie"
SUPPORTED = ("bookworm", SUITE)
FROM_SUITE = ("docker.io", "docker-cli", "docker-buildx", "docker-compose")
# From the machine's own suite: Debian 13's iptables would bring a newer libc along. debootstrap is
# for the base images.
FROM_OWN_SUITE = ("iptables", "debootstrap")

SOURCES = sources.APT / "sources.list.d" / "docker-from-trixie.sources"
PREFERENCES = sources.APT / "preferences.d" / "docker-from-trixie"
# Below 500 nothing of the suite is installed that was not asked for by name: apt_preferences(5).
PIN = f"Package: *\nPin: release n={SUITE}*\nPin-Priority: 100\n"

OS_RELEASE = Path("/etc/os-release")
POLICY = Path("/usr/sbin/policy-rc.d")

# Seconds to wait for another apt that holds the lock.
LOCK_SECONDS = 300

BY_HAND = "Install Docker with its buildx and compose plugins yourself, start it, and try again"


def install() -> None:
    """Install engine, client, buildx and compose.

    Raises EngineError when this machine is none that it can be done on, and CommandFailedError when
    apt fails.
    """
    codename = check_machine(OS_RELEASE.read_text() if OS_RELEASE.exists() else "", os.geteuid())
    if codename != SUITE:
        _add_suite(codename)
    _apt_get("update")
    with services_stay_down():
        _apt_get(
            "install", "--no-install-recommends", *(f"{name}/{SUITE}" for name in FROM_SUITE), *FROM_OWN_SUITE
        )


def check_machine(os_release: str, uid: int) -> str:
    """Return the codename of the machine's Debian release.

    `os_release` is the content of os-release(5), `uid` the id of the user who asks. Raises
    EngineError when packages cannot be installed here.
    """
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    codename = fields.get("VERSION_CODENAME", "").strip('"')
    if fields.get("ID") != "debian" or codename not in SUPPORTED:
        name = fields.get("PRETTY_NAME", "an unknown system").strip('"')
        raise EngineError(
            f"an engine can be installed on Debian 12 and 13 only, and this is {name}. {BY_HAND}"
        )
    if shutil.which("apt-get") is None:
        raise EngineError(f"there is no apt-get on this machine to install an engine with. {BY_HAND}")
    if uid != 0:
        raise EngineError(
            "installing an engine needs root. Run this command as root, or start an engine that you may use"
        )
    return codename


def _add_suite(codename: str) -> None:
    others = sources.of_this_machine()
    derived = sources.derive(others, codename, SUITE)
    if not derived:
        raise EngineError(
            f"apt has no source for {codename}. Add Debian's main archive to {sources.APT}/sources.list"
        )
    # First the pin: an apt that runs in between must not see the suite without it.
    PREFERENCES.write_text(PIN)
    SOURCES.write_text(derived)


@contextmanager
def services_stay_down() -> Iterator[None]:
    """Keep packages from starting their services: an engine that we start, we can also stop."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _apt_get(*arguments: str) -> None:
    run(
        ["apt-get", "-qq", "-y", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}", *arguments],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
