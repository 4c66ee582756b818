"""Bake the example project and serve it on this machine: what `make demo` runs. Needs Python 3.11 alone.

Everything lies in .demo, which git ignores. Run again, it reuses what is there; it bakes anew, and keeps
the database, when the template has changed. To start from nothing, remove .demo.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1]
DEMO = TEMPLATE / ".demo"
PROJECT = DEMO / "exampleapp"
# What was baked last; the same digest means that nothing has to be done.
BAKED_FROM = DEMO / "template.sha256"

ADDRESS = "127.0.0.1"
PORTS = range(8000, 8100)


def main() -> None:
    """Take the steps one after the other, and say so. Ends the program with one line when a step fails."""
    DEMO.mkdir(exist_ok=True)
    port = first_free_port()
    try:
        bake()
        django = environment("venv", PROJECT / "requirements" / "common.txt", "Django and its companions")
        say("Bringing the database up to date")
        run(django, "manage.py", "migrate", "--verbosity", "0", cwd=PROJECT)
    except subprocess.CalledProcessError as error:
        sys.exit(f"The demo stops: exit code {error.returncode} from {' '.join(error.cmd)}")
    serve(django, port)


def bake() -> None:
    """Render the template with its default answers, unless it is the one that was rendered last."""
    digest = template_digest()
    if PROJECT.exists() and BAKED_FROM.exists() and BAKED_FROM.read_text() == digest:
        say(f"Using the example in {shown(PROJECT)}")
        return
    python = environment("cookiecutter", TEMPLATE / "requirements" / "demo.txt", "cookiecutter")
    say(f"Baking the example into {shown(PROJECT)}")
    fresh = DEMO / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    # cookiecutter keeps the last answers in the home folder: those of a demo are not worth keeping.
    own_home = {**os.environ, "HOME": str(DEMO / "home")}
    options = ["--no-input", "--default-config", "--output-dir"]
    run(python, "-m", "cookiecutter", *options, fresh, TEMPLATE, env=own_home, quiet=True)
    replace_project(fresh / PROJECT.name)
    BAKED_FROM.write_text(digest)


def replace_project(fresh: Path) -> None:
    """Put the folder `fresh` where the project was, with the database and media of the old one."""
    if PROJECT.exists():
        for path in (PROJECT / "data").iterdir():
            if not (fresh / "data" / path.name).exists():
                path.rename(fresh / "data" / path.name)
        shutil.rmtree(PROJECT)
    fresh.rename(PROJECT)


def template_digest() -> str:
    """Return a digest of all that decides what a rendered project looks like."""
    digest = hashlib.sha256()
    parts = [TEMPLATE / "cookiecutter.json", TEMPLATE / "hooks", TEMPLATE / "<<cookiecutter.project_slug>>"]
    for part in parts:
        for path in sorted([part, *part.rglob("*")]):
            if path.is_file():
                digest.update(f"{path.relative_to(TEMPLATE)} {path.stat().st_mode}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def environment(name: str, requirements: Path, what: str) -> Path:
    """Return the Python of a virtual environment with `requirements`; make it if it is not there already."""
    venv = DEMO / name
    python = venv / "bin" / "python"
    installed = venv / "requirements.txt"
    if not installed.exists() or installed.read_text() != requirements.read_text():
        say(f"Installing {what} into {shown(venv)}, once")
        run(sys.executable, "-m", "venv", "--clear", venv)
        pip = ["-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check"]
        run(python, *pip, "install", "--require-hashes", "--requirement", requirements)
        shutil.copyfile(requirements, installed)
    return python


def serve(python: Path, port: int) -> None:
    """Become Django's development server, so that Ctrl+C and signals reach it and nothing else is left."""
    say(f"Serving http://{ADDRESS}:{port}/ - Ctrl+C ends it")
    print(f"    Its state:      http://{ADDRESS}:{port}/api/alive")
    print(f"    The admin site: http://{ADDRESS}:{port}/admin/ - there is no account yet, make one with:")
    print(f"                    {shown(python)} {shown(PROJECT / 'manage.py')} createsuperuser", flush=True)
    os.chdir(PROJECT)
    command = [str(python), "manage.py", "runserver", "--noreload", f"{ADDRESS}:{port}"]
    os.execve(python, command, django_environment())


def first_free_port() -> int:
    """Return the first TCP port from 8000 on which nobody listens. Ends the program when there is none."""
    for port in PORTS:
        with socket.socket() as probe:
            # As Django's server does: a port whose last connections still linger counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                continue
            return port
    sys.exit(f"The demo stops: every port from {PORTS[0]} to {PORTS[-1]} of {ADDRESS} is in use. Free one.")


def django_environment() -> dict[str, str]:
    """Return our environment with the settings of a laptop, whatever other project it was meant for."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "exampleapp.settings.local"}


def run(
    *command: str | Path, cwd: Path = TEMPLATE, env: dict[str, str] | None = None, quiet: bool = False
) -> None:
    """Run a program to its end; a quiet one shows what it printed only when it fails.

    Raises CalledProcessError when it fails.
    """
    parts = [str(part) for part in command]
    try:
        subprocess.run(
            parts, cwd=cwd, env=env or django_environment(), capture_output=quiet, text=True, check=True
        )
    except subprocess.CalledProcessError as error:
        print(error.stderr or "", file=sys.stderr)
        raise


def shown(path: Path) -> Path:
    """Return `path` as the reader sees it from the template's folder."""
    return path.relative_to(TEMPLATE)


def say(what: str) -> None:
    """Print what happens now, at once, so that it stands above what a program prints."""
    print(f"==> {what}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
