"""An engine is installed on Debian 12 and 13 by root; everybody else is told why not."""

from pathlib import Path

import pytest

from lab.command import CommandFailedError
from lab.engine import packages
from lab.engine.errors import EngineError

BOOKWORM = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n'
TRIXIE = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_CODENAME=trixie\n'
BULLSEYE = 'PRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\nID=debian\nVERSION_CODENAME=bullseye\n'
UBUNTU = 'PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n'


@pytest.fixture(autouse=True)
def apt_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program: f"/usr/bin/{program}")


@pytest.mark.parametrize(("os_release", "codename"), [(BOOKWORM, "bookworm"), (TRIXIE, "trixie")])
def test_root_may_install_on_debian_12_and_13(os_release: str, codename: str) -> None:
    assert packages.check_machine(os_release, uid=0) == codename


@pytest.mark.parametrize(
    ("os_release", "name"),
    [(BULLSEYE, "Debian GNU/Linux 11"), (UBUNTU, "Ubuntu 24.04 LTS"), ("", "an unknown system")],
)
def test_other_systems_are_named(os_release: str, name: str) -> None:
    with pytest.raises(EngineError, match=name):
        packages.check_machine(os_release, uid=0)


def test_a_user_is_told_that_it_takes_root() -> None:
    with pytest.raises(EngineError, match="needs root"):
        packages.check_machine(TRIXIE, uid=1000)


def test_a_machine_without_apt_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)

    with pytest.raises(EngineError, match="no apt-get"):
        packages.check_machine(TRIXIE, uid=0)


def test_services_are_kept_down_only_while_packages_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(packages, "POLICY", policy)

    def fail_while_installing() -> None:
        with packages.services_stay_down():
            assert policy.stat().st_mode & 0o111
            raise CommandFailedError("apt-get")

    with pytest.raises(CommandFailedError):
        fail_while_installing()

    assert not policy.exists()


def test_a_policy_of_the_machine_itself_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("the machine's own")
    monkeypatch.setattr(packages, "POLICY", policy)

    with packages.services_stay_down():
        pass

    assert policy.read_text() == "the machine's own"
