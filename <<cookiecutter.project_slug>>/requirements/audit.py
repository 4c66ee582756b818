"""Look locked requirements up in a list of known vulnerabilities; pip-audit does the work.

    python requirements/audit.py requirements/production.txt

Exit code 0: none is known. 1: there is one with a fix, or they could not be looked up. 10: there are only such
without a fix, about which nothing can be done yet.
"""

import json
import subprocess
import sys
from typing import Any

NO_FIX = 10


def audit(lock: str) -> list[dict[str, Any]]:
    """Return the packages of a lock file, each with its vulnerabilities. Exits when they cannot be looked up."""
    # The lock names every package: nothing has to be resolved, and nothing is installed.
    command = ["pip-audit", "--disable-pip", "--require-hashes", "--progress-spinner=off"]
    command += ["--format=json", f"--requirement={lock}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        sys.exit(f"{lock}: pip-audit gave no answer (exit code {done.returncode}): try again")
    return packages


def main(locks: list[str]) -> int:
    """Print what is known of some lock files, and return the exit code."""
    code = 0
    for lock in locks:
        packages = audit(lock)
        print(f"{lock}: {len(packages)} packages looked up")
        for package in packages:
            for found in package.get("vulns", []):
                fixes = ", ".join(found["fix_versions"])
                names = " ".join([found["id"], *found["aliases"]])
                where = f"{package['name']} {package['version']}"
                print(f"  {where}: {names}, fixed in: {fixes or 'no release'}")
                code = 1 if fixes else code or NO_FIX
    return code


sys.exit(main(sys.argv[1:]))
