"""Stand-ins carry what this machine needs to reach the registries, and nothing else of it."""

from pathlib import Path

import pytest

from lab.images import machine


def certificate(body: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


PUBLIC = certificate("cHVibGlj")
PRIVATE = certificate("cHJpdmF0ZQ==")


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any settings."""
    monkeypatch.setattr(machine, "_output", lambda *_: "")
    monkeypatch.setattr(machine, "_apt_sources", lambda _: "")
    monkeypatch.setattr(machine, "_distribution_bundle", lambda: PUBLIC)
    monkeypatch.setattr(machine, "_own_bundle", lambda: PUBLIC)


@pytest.mark.usefixtures("quiet")
def test_an_ordinary_machine_leaves_no_trace() -> None:
    assert machine.files("trixie") == {}


@pytest.mark.usefixtures("quiet")
def test_authorities_of_the_machine_reach_apt_npm_and_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_own_bundle", lambda: PUBLIC + PRIVATE)

    assert machine.files("trixie") == {
        "etc/apt/apt.conf.d/machine": 'Acquire::https::CAInfo "/usr/local/etc/ca-bundle.pem";\n',
        "usr/local/etc/ca-bundle.pem": PUBLIC + PRIVATE,
        "usr/local/etc/npmrc": "cafile = /usr/local/etc/ca-bundle.pem\n",
        "usr/local/share/ca-certificates/machine-1.crt": PRIVATE,
    }


def test_an_authority_that_the_distribution_ships_is_not_the_machines() -> None:
    wrapped = PUBLIC.replace("cHVibGlj", "cHVi\nbGlj")

    assert machine.extra_authorities(f"# comment\n{PRIVATE}{PUBLIC}", wrapped) == [PRIVATE]


def test_pip_settings_are_those_that_reach_the_index() -> None:
    listing = (
        "global.cert='/etc/ssl/bundle.pem'\n"
        "global.extra-index-url='file:///srv/wheels https://second.test/simple\\nhttps://third.test/simple'\n"
        "global.find-links='/srv/wheels'\n"
        "global.index-url='https://first.test/simple'\n"
        "global.no-color='true'\n"
    )

    assert machine.pip_settings(listing) == (
        "[global]\n"
        "extra-index-url = https://second.test/simple https://third.test/simple\n"
        "index-url = https://first.test/simple\n"
    )


def test_the_environment_overrides_pips_files() -> None:
    listing = ":env:.index-url='https://env.test/simple'\n"

    assert "env.test" in machine.pip_settings("global.index-url='https://file.test/simple'\n" + listing)
    assert "env.test" in machine.pip_settings(listing + "global.index-url='https://file.test/simple'\n")


def test_folders_of_the_machine_alone_make_no_pip_settings() -> None:
    assert machine.pip_settings("global.extra-index-url='file:///srv/wheels'\n") == ""


def test_a_program_that_is_missing_or_fails_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = tmp_path / "npm"
    failing.write_text("#!/bin/sh\necho noise\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

    assert machine._output("npm", "config") == ""
    assert machine._output("no-such-program") == ""
    assert machine._output("echo", "word") == "word\n"
