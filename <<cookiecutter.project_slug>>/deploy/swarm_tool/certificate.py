"""TLS certificates: when they end, how they are told apart, and one signed by itself for the start."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
from datetime import datetime, timezone

from .outcome import Problem

# Days that a self-signed certificate lasts: long enough to get a real one.
SELF_SIGNED_DAYS = 90


def describe(certificate: str) -> tuple[datetime, str]:
    """Return when a certificate in PEM format ends, and its SHA-256; of a chain the first one counts.

    Raises Problem when it is none.
    """
    try:
        begin = certificate.index("-----BEGIN CERTIFICATE-----")
        end = certificate.index("-----END CERTIFICATE-----") + len("-----END CERTIFICATE-----")
        der = ssl.PEM_cert_to_DER_cert(certificate[begin:end])
        return _not_after(der), hashlib.sha256(der).hexdigest()
    except (ValueError, IndexError) as error:
        raise Problem("this is no certificate", str(error), "give a file in PEM format") from None


def self_signed(domain: str) -> tuple[str, str]:
    """Make a certificate for a domain with openssl, and its key, which never is in a file; both PEM text.

    Raises Problem when there is no openssl, or it refuses the domain.
    """
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", str(SELF_SIGNED_DAYS)]
    command += ["-subj", f"/CN={domain}", "-addext", f"subjectAltName=DNS:{domain}"]
    command += ["-keyout", "/dev/stdout", "-out", "/dev/stdout"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", None) or str(error)
        raise Problem("no self-signed certificate was made", why, "install openssl, or give --certificate") from None
    key, begin, certificate = done.stdout.partition("-----BEGIN CERTIFICATE-----")
    return begin + certificate, key


def _field(der: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the DER field at an offset starts and ends (X.690, 8.1)."""
    length, start = der[at + 1], at + 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[at + 2 : start], "big")
    return start, start + length


def _not_after(der: bytes) -> datetime:
    # RFC 5280, 4.1: Certificate, TBSCertificate; an optional version, then serial, algorithm, issuer, validity.
    at = _field(der, _field(der, 0)[0])[0]
    for _ in range(4 if der[at] == 0xA0 else 3):
        at = _field(der, at)[1]
    at = _field(der, _field(der, at)[0])[1]
    start, end = _field(der, at)
    text = der[start:end].decode("ascii")
    # UTCTime has two digits for the year, and 50 is 1950 (RFC 5280, 4.1.2.5.1).
    if der[at] == 0x17:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)
