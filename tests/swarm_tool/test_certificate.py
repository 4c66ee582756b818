import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from swarm_tool.outcome import Problem
from swarm_tool.secret import SELF_SIGNED_DAYS, describe_certificate, self_signed


def openssl(certificate: str, *options: str) -> str:
    command = ["openssl", "x509", "-noout", *options]
    return subprocess.run(
        command, input=certificate, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_self_signed_certificate() -> None:
    certificate, key = self_signed("shop.test")

    end, fingerprint = describe_certificate(certificate)
    assert abs(end - datetime.now(UTC) - timedelta(days=SELF_SIGNED_DAYS)) < timedelta(hours=1)
    assert (
        fingerprint
        == openssl(certificate, "-fingerprint", "-sha256").partition("=")[2].replace(":", "").lower()
    )
    assert "DNS:shop.test" in openssl(certificate, "-ext", "subjectAltName")
    assert key.startswith("-----BEGIN PRIVATE KEY-----")


def test_end_after_2049_is_written_otherwise() -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "rsa:2048",
        "-days",
        "20000",
        "-subj",
        "/CN=x",
    ]
    made = subprocess.run(
        [*command, "-keyout", "/dev/null"], capture_output=True, text=True, check=True
    ).stdout

    end, _ = describe_certificate(made)

    assert end.strftime("%b %e %H:%M:%S %Y GMT") == openssl(made, "-enddate").partition("=")[2]


@pytest.mark.parametrize(
    "text", ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate(text: str) -> None:
    with pytest.raises(Problem, match="no certificate"):
        describe_certificate(text)


def test_text_before_the_first_of_a_chain_is_skipped() -> None:
    first, _ = self_signed("first.test")
    second, _ = self_signed("second.test")

    assert describe_certificate(f"subject=CN = first.test\n{first}\n{second}") == describe_certificate(first)


def test_machine_without_openssl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(Problem) as problem:
        describe_certificate("")

    assert problem.value.lines["do"] == "install openssl"


def test_a_domain_that_openssl_refuses() -> None:
    with pytest.raises(Problem, match="no self-signed certificate"):
        self_signed("x" * 100)
