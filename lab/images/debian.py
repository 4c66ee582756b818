"""The stand-in that all others are built from: Debian by debootstrap, as slim as the real one."""

import os
import shutil
import tempfile
from pathlib import Path

from lab.command import run
from lab.docker import docker
from lab.engine import sources

from . import machine
from .errors import ImageError
from .names import recipe_of

NAME = "debian:trixie-slim"
SUITE = "trixie"

CONFIGURATION = ("ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 'CMD ["bash"]')

# What debootstrap leaves behind and the real image does not have.
LEFT_OVERS = (
    "etc/hostname",
    "etc/resolv.conf",
    "usr/share/info/*",
    "usr/share/lintian/*",
    "usr/share/locale/*/",
    "usr/share/man/*",
    "var/cache/apt/*",
    "var/lib/apt/lists/*",
    "var/log/*",
)


def build(label: str) -> None:
    """Build the stand-in with `label`, given as NAME=VALUE.

    Raises ImageError when this machine lacks debootstrap or root, and CommandFailedError when
    debootstrap fails.
    """
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        raise ImageError(
            f"building {NAME} needs debootstrap and root. Install debootstrap, and run this as root"
        )
    files = machine.files(SUITE)
    mirror = sources.first_uri("".join(files.values()))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        run(["debootstrap", "--variant=minbase", SUITE, root, *filter(None, [mirror])])
        if mirror:
            (root / "etc/apt/sources.list").unlink()
        _add(root, files)
        _remove_left_overs(root)
        archive = Path(folder, "root.tar")
        run(["tar", "--create", "--numeric-owner", "--file", archive, "--directory", root, "."])
        changes = [f"--change={line}" for line in (*CONFIGURATION, f"LABEL {label}")]
        docker("import", *changes, str(archive), NAME)


def _add(root: Path, files: dict[str, str]) -> None:
    shutil.copytree(recipe_of(NAME), root, dirs_exist_ok=True)
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def _remove_left_overs(root: Path) -> None:
    found = [path for pattern in LEFT_OVERS for path in root.glob(pattern)]
    found += [path for path in root.glob("usr/share/doc/*/*") if path.name != "copyright"]
    for path in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            # Two packages may share a folder: then the same file is found twice.
            path.unlink(missing_ok=True)
