"""docker/certificates/make-certificate.sh makes a certificate for development, and never by surprise."""

import shutil
import stat
from pathlib import Path

import pytest

from lab.command import run


@pytest.fixture
def script(example: Path, tmp_path: Path) -> Path:
    """A copy of the script, in a folder that it may write to."""
    return Path(shutil.copy(example / "docker/certificates/make-certificate.sh", tmp_path))


def names(certificate: Path) -> str:
    """Return for which names a certificate is valid."""
    return run(["openssl", "x509", "-in", certificate, "-noout", "-ext", "subjectAltName"]).stdout


def test_certificate_is_valid_for_this_machine_and_the_chosen_domains(script: Path) -> None:
    said = run([script, "one.test", "*.two.test"]).stdout

    made = names(script.with_name("cert.crt"))
    for name in ("DNS:localhost", "IP Address:127.0.0.1", "DNS:one.test", "DNS:*.two.test"):
        assert name in made
    end = run(["openssl", "x509", "-in", script.with_name("cert.crt"), "-noout", "-enddate"]).stdout
    assert f"valid until {end.partition('=')[2].strip()}" in said


def test_key_is_readable_by_its_owner_only(script: Path) -> None:
    run([script])

    assert stat.S_IMODE(script.with_name("cert.key").stat().st_mode) == 0o400


def test_existing_certificate_is_replaced_only_when_told(script: Path) -> None:
    run([script])
    before = script.with_name("cert.crt").read_text(encoding="utf-8")

    refused = run([script], check=False)
    assert refused.returncode == 1
    assert "--force replaces it" in refused.stderr
    assert script.with_name("cert.crt").read_text(encoding="utf-8") == before

    run([script, "--force"])
    assert script.with_name("cert.crt").read_text(encoding="utf-8") != before


@pytest.mark.parametrize("domain", ["two words", "-addext", "a,DNS:b", ""])
def test_what_is_no_domain_is_refused(script: Path, domain: str) -> None:
    refused = run([script, domain], check=False)

    assert refused.returncode == 1
    assert "is no domain name" in refused.stderr
    assert not script.with_name("cert.key").exists()
