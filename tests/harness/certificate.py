"""Throwaway TLS certificates."""

from dataclasses import dataclass
from pathlib import Path

from lab.command import run


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate and its key, as PEM files."""

    certificate: Path
    key: Path


def make_certificate(folder: Path, domain: str, days: int = 30) -> Certificate:
    """Make a self-signed certificate for `domain` in `folder`, valid for `days` from now.

    Anybody may read the key: it is worth nothing, and containers read it under other user ids.
    """
    made = Certificate(folder / f"{domain}.crt", folder / f"{domain}.key")
    run(
        [
            "openssl",
            "req",
            "-x509",
            *("-newkey", "rsa:2048", "-noenc"),
            *("-keyout", made.key),
            *("-out", made.certificate),
            *("-days", str(days)),
            *("-subj", f"/CN={domain}"),
            *("-addext", f"subjectAltName=DNS:{domain}"),
        ]
    )
    made.key.chmod(0o644)
    return made
