"""What this machine needs to reach the package registries, read from its own configuration.

A build runs in containers, which inherit neither the machine's mirrors nor the certificate
authorities of a network that re-signs TLS. So the stand-ins carry both, as files at the places
where the clients look, and the project itself names no host.
"""

import re
import shutil
import ssl
import sys
from pathlib import Path

from lab.command import run
from lab.engine import sources
from lab.engine.packages import OS_RELEASE

DISTRIBUTION_AUTHORITIES = Path("/usr/share/ca-certificates")

# Places in the image. Certificates in the former count once ca-certificates is installed.
AUTHORITIES = "usr/local/share/ca-certificates"
BUNDLE = "usr/local/etc/ca-bundle.pem"

# The settings that say how to reach a registry; all others are a matter of taste.
APT_SETTINGS = ("Acquire::http", "Acquire::https", "Acquire::Check-Valid-Until", "Acquire::Check-Date")
PIP_SETTINGS = ("index-url", "extra-index-url", "trusted-host", "proxy", "default-timeout")


def files(suite: str) -> dict[str, str]:
    """Return the files that an image of the Debian release `suite` needs here, by their path in it."""
    bundle = _own_bundle()
    authorities = extra_authorities(bundle, _distribution_bundle())
    # Without authorities of its own the machine needs no word about them in the images.
    bundle = bundle if authorities else ""
    found = {
        "etc/apt/sources.list.d/debian.sources": _apt_sources(suite),
        "etc/apt/apt.conf.d/machine": _apt_settings()
        + (f'Acquire::https::CAInfo "/{BUNDLE}";\n' if bundle else ""),
        "etc/pip.conf": pip_settings(_output(sys.executable, "-m", "pip", "config", "list")),
        "usr/local/etc/npmrc": _npm_settings() + (f"cafile = /{BUNDLE}\n" if bundle else ""),
        BUNDLE: bundle,
    }
    found |= {f"{AUTHORITIES}/machine-{number}.crt": pem for number, pem in enumerate(authorities, start=1)}
    return {path: content for path, content in found.items() if content}


def extra_authorities(bundle: str, distribution: str) -> list[str]:
    """Return the certificates of `bundle` that `distribution` does not ship; both are PEM texts."""
    shipped = {_body(pem) for pem in _certificates(distribution)}
    return [pem for pem in _certificates(bundle) if _body(pem) not in shipped]


def pip_settings(listing: str) -> str:
    """Turn what ``pip config list`` prints into a pip.conf with what it takes to reach the index.

    Folders of this machine are left out: a container does not have them.
    """
    values: dict[str, str] = {}
    found = re.findall(r"^(\S*)\.([a-z-]+)='(.*)'$", listing, re.MULTILINE)
    # The environment last: it has the last word with pip, too.
    for _, name, value in sorted(found, key=lambda setting: setting[0] == ":env:"):
        # pip shows the lines of one value as \n.
        words = [word for word in re.split(r"\\n|\s", value) if word and not word.startswith(("file:", "/"))]
        if name in PIP_SETTINGS and words:
            values[name] = " ".join(words)
    return (
        "".join(["[global]\n", *(f"{name} = {value}\n" for name, value in values.items())]) if values else ""
    )


def _apt_sources(suite: str) -> str:
    codename = re.search(r'^VERSION_CODENAME="?(\w+)', OS_RELEASE.read_text(), re.MULTILINE)
    return sources.derive(sources.of_this_machine(), codename[1], suite) if codename else ""


def _apt_settings() -> str:
    return _output("apt-config", "dump", *APT_SETTINGS)


def _npm_settings() -> str:
    registry = _output("npm", "config", "get", "registry").strip()
    return f"registry = {registry}\n" if registry else ""


def _own_bundle() -> str:
    path = ssl.get_default_verify_paths().cafile
    return Path(path).read_text() if path else ""


def _distribution_bundle() -> str:
    return "".join(file.read_text() for file in sorted(DISTRIBUTION_AUTHORITIES.rglob("*.crt")))


def _certificates(text: str) -> list[str]:
    return re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", text, re.DOTALL)


def _body(pem: str) -> str:
    return "".join(pem.split())


def _output(program: str, *arguments: str) -> str:
    """Return what a program prints, nothing when there is no such program or it fails."""
    if shutil.which(program) is None:
        return ""
    result = run([program, *arguments], check=False)
    return result.stdout if result.returncode == 0 else ""
