"""TLS certificates: when they end, how they are told apart, and one signed by itself for the start."""

from __future__ import annotations

import subprocess
from datetime import datetime, timezone

from .outcome import Problem

# Days that a self-signed certificate lasts: long enough to get a real one.
SELF_SIGNED_DAYS = 90
# Seconds for openssl, which makes a key in less than one.
TIMEOUT = 60.0


def describe(certificate: str) -> tuple[datetime, str]:
    """Return when a certificate in PEM format ends, and its SHA-256; of a chain the first one counts.

    Raises Problem when it is none, or there is no openssl.
    """
    told = _openssl(
        "this is no certificate", "x509", "-noout", "-enddate", "-fingerprint", "-sha256", value=certificate
    )
    # Two lines such as `notAfter=Nov 24 04:38:08 2036 GMT` and `sha256 Fingerprint=0A:1B:…`.
    found = dict(line.split("=", 1) for line in told.lower().splitlines())
    end = datetime.strptime(found["notafter"], "%b %d %H:%M:%S %Y gmt").replace(tzinfo=timezone.utc)
    return end, found["sha256 fingerprint"].replace(":", "")


def self_signed(domain: str) -> tuple[str, str]:
    """Make a certificate for a domain with openssl, and its key, which never is in a file; both PEM text.

    Raises Problem when there is no openssl, or it refuses the domain.
    """
    options = ["req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", str(SELF_SIGNED_DAYS)]
    options += ["-subj", f"/CN={domain}", "-addext", f"subjectAltName=DNS:{domain}"]
    made = _openssl("no self-signed certificate was made", *options, "-keyout", "/dev/stdout", "-out", "/dev/stdout")
    key, begin, certificate = made.partition("-----BEGIN CERTIFICATE-----")
    return begin + certificate, key


def _openssl(what: str, *arguments: str, value: str = "") -> str:
    """Run openssl with a text on standard input, and return what it prints; raise Problem, `what`, when it fails."""
    try:
        done = subprocess.run(
            ["openssl", *arguments], input=value.encode(), capture_output=True, timeout=TIMEOUT, check=True
        )
    except subprocess.CalledProcessError as error:
        raise Problem(what, error.stderr.decode(errors="replace"), "give PEM files, or another name") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem("openssl does not answer", str(error), "install openssl") from None
    return done.stdout.decode(errors="replace")
