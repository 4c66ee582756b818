"""Two docker clients of different age, as one operator and another have them.

Those on the PATH are used; one that is missing comes from Debian's packages, and is unpacked in `.cache`, not
installed: a client is a single program.
"""

import os
import re
from pathlib import Path

from lab.command import run
from lab.engine import sources
from lab.engine.packages import OS_RELEASE

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "docker-clients"
# The oldest client that deploy/swarm takes, and one that writes what the oldest refuses; each by the versions
# that will do, and by the Debian suite that has one.
OLDER = (range(26, 27), "trixie")
NEWER = (range(28, 100), "forky")


def older() -> Path:
    """Return a docker client of the oldest version that deploy/swarm takes."""
    return _client(*OLDER)


def newer() -> Path:
    """Return a docker client that is at least two versions newer."""
    return _client(*NEWER)


def _client(versions: range, suite: str) -> Path:
    folders = [*os.environ["PATH"].split(":"), str(CACHE / suite / "usr/bin")]
    for program in (Path(folder) / "docker" for folder in folders):
        if os.access(program, os.X_OK) and _version(program) in versions:
            return program
    return _unpacked(suite)


def _version(program: Path) -> int:
    found = re.search(r"version (\d+)\.", run([program, "--version"], check=False).stdout)
    return int(found[1]) if found else 0


def _unpacked(suite: str) -> Path:
    """Unpack the client of a Debian suite, with sources and lists of packages of its own."""
    folder = CACHE / suite
    for part in ("lists/partial", "archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    codename = re.search(r"VERSION_CODENAME=(\w+)", OS_RELEASE.read_text(encoding="utf-8"))
    assert codename, "this machine's Debian release has no name"
    derived = sources.derive(sources.of_this_machine(), codename[1], suite)
    # Updates and security fixes are in archives that a suite may not have yet.
    stanzas = derived.split("\n\n")
    main = [stanza for stanza in stanzas if re.search(rf"^Suites: {suite}\b(?!-)", stanza, re.MULTILINE)]
    assert main, f"apt has no source for {codename[1]} to derive one for {suite} from"
    text = re.sub(r"^Suites: .*", f"Suites: {suite}", main[0], flags=re.MULTILINE)
    (folder / "docker.sources").write_text(text + "\n", encoding="utf-8")
    options = {
        "Dir::Etc::SourceList": folder / "docker.sources",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "root",
    }
    apt_get = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    run([*apt_get, "update"])
    run([*apt_get, "download", f"docker-cli/{suite}"], cwd=folder)
    (package,) = folder.glob("docker-cli_*.deb")
    run(["dpkg-deb", "--extract", package, folder])
    package.unlink()
    return folder / "usr/bin/docker"
