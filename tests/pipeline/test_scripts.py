"""The scripts that the pipeline runs also run by hand, and leave nothing behind.

The engine is not needed: a `docker` and a `deploy/swarm` stand in that say how they were called.
"""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from lab.command import run
from tests.harness.clone import commit, git
from tests.harness.example import environment_for
from tests.harness.signals import let_interrupt

# Says how it was called and what it read. A pull fails as $PULL says.
# In a digest Docker leaves out the name of its own registry.
DOCKER = """\
#!/bin/sh
echo "docker $*"
[ "$1" != login ] || cat
[ "$1" != pull ] || [ -z "${PULL:-}" ] || { echo "$PULL" >&2; exit 1; }
[ "$1" != image ] || echo "another@sha256:1"
[ "$1" != image ] || echo "$IMAGES/app@sha256:2" | sed 's|^docker.io/||'
"""
# Says what the docker client would find, and waits if it has to.
SWARM = """\
#!/bin/sh
trap 'trap "" HUP TERM; sleep 1; echo "on the way back"; exit 4' HUP TERM
echo "swarm $*"
key=$(sed -n 's/^IdentityFile //p' "$(dirname "$(dirname "$(command -v ssh)")")/config")
echo "key $(stat -c %a "$key") $(cat "$key" | tr '\\n' ,)"
[ "$1" != read ] || { read -r line && echo "read $line"; }
[ "$1" != wait ] || { echo waiting; while :; do sleep 0.1; done; }
exit 3
"""
# Lists what it is given to build from: its last argument.
LOOK_AT_CONTEXT = """\
#!/bin/sh
for context; do :; done
cd "$context" && stat -c '%a %n' *
"""

LOGIN = {"REGISTRY_USER": "me", "REGISTRY_PASSWORD": "s3cr3t"}


@pytest.fixture
def project(example: Path, tmp_path: Path) -> Path:
    """A project with the two stand-ins, a home and a folder for temporary files that are empty."""
    copy = Path(shutil.copytree(example, tmp_path / "exampleapp"))
    for path, text in {"bin/docker": DOCKER, "exampleapp/deploy/swarm": SWARM}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    # As GitLab writes it: without the last line end, or with those of Windows.
    (tmp_path / "key").write_bytes(b"first\r\nlast")
    (tmp_path / "known_hosts").write_text("manager ssh-ed25519 AAAA")
    return copy


def environment(project: Path, **variables: str) -> dict[str, str]:
    folder = project.parent
    return {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "SSH_PRIVATE_KEY": str(folder / "key"),
        "SSH_KNOWN_HOSTS": str(folder / "known_hosts"),
        **variables,
    }


def nothing_left(project: Path) -> bool:
    return not [*project.parent.glob("home/*"), *project.parent.glob("tmp/*")]


def test_remote_passes_all_on_and_cleans_up(project: Path) -> None:
    env = environment(project, **LOGIN)

    done = run([project / "deploy/remote", "status", "staging"], env=env, check=False)

    assert done.returncode == 3
    lines = done.stdout.splitlines()
    assert "docker login --username me --password-stdin registry.example.com" in lines[0]
    assert "swarm status staging" in done.stdout
    assert "key 600 first,last," in done.stdout
    assert nothing_left(project)


def test_remote_without_a_password_does_not_log_in(project: Path) -> None:
    done = run([project / "deploy/remote", "status", "staging"], env=environment(project), check=False)

    assert done.stdout.startswith("swarm status staging\n")


@pytest.mark.parametrize("name", ["SSH_PRIVATE_KEY", "SSH_KNOWN_HOSTS"])
@pytest.mark.parametrize("value", ["", "/nowhere"])
def test_remote_names_what_is_missing(project: Path, name: str, value: str) -> None:
    env = environment(project, **{name: value})

    done = run([project / "deploy/remote", "status", "staging"], env=env, check=False)

    assert done.returncode == 2
    assert done.stderr == f"{name} is not set, or names no file: see docs/pipeline.md\n"
    assert nothing_left(project)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("to_the_group", [True, False])
def test_remote_interrupted_waits_for_the_way_back_and_cleans_up(
    project: Path, number: signal.Signals, to_the_group: bool
) -> None:
    process = subprocess.Popen(
        [project / "deploy/remote", "wait"], env=environment(project), stdout=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=let_interrupt,
    )  # fmt: skip
    assert process.stdout is not None
    while process.stdout.readline() != "waiting\n":
        assert process.poll() is None
    assert not nothing_left(project)

    (os.killpg if to_the_group else os.kill)(process.pid, number)

    assert process.wait(20) == 4
    assert process.stdout.read() == "on the way back\n"
    assert nothing_left(project)


def test_remote_passes_standard_input_on(project: Path) -> None:
    env = environment(project)

    done = run([project / "deploy/remote", "read"], env=env, check=False, stdin="a value\n")

    assert "read a value" in done.stdout


@pytest.mark.parametrize(
    ("images", "registry"),
    [
        ("registry.example.com/team/app", " registry.example.com"),
        ("127.0.0.1:5000/app", " 127.0.0.1:5000"),
        ("localhost/app", " localhost"),
        ("team/app", ""),
    ],
)
def test_login_finds_the_registry(project: Path, images: str, registry: str) -> None:
    env = environment(project, IMAGES=images, **LOGIN)

    done = run([project / "docker/login"], env=env)

    assert done.stdout == f"docker login --username me --password-stdin{registry}\ns3cr3t"


def test_build_refuses_what_it_does_not_know(project: Path) -> None:
    done = run([project / "docker/build", "--pull"], env=environment(project, RELEASE="1"), check=False)

    assert done.returncode == 2
    assert "not --pull" in done.stderr


def test_build_anew_pulls_the_base_images_and_uses_no_cache(project: Path) -> None:
    (project / "deploy/configs/staging/deploy.env").write_text("PROXY_IMAGE=registry.example.com/proxy:2\n")
    git(project, "init", "--quiet")
    commit(project, "Start")
    env = environment(project, RELEASE="1", BUILD_OPTIONS="--secret=id=pip.conf", **LOGIN)

    done = run([project / "docker/build", "--push", "--fresh"], env=env)

    builds = [line for line in done.stdout.splitlines() if line.startswith("docker build ")]
    assert len(builds) == 5
    assert all("--secret=id=pip.conf" in line for line in builds)
    assert ["--pull --no-cache" in line for line in builds] == [True, True, True, False, False]
    assert re.search(r"docker push --quiet registry.example.com/exampleapp/app:1-\d{12}\n", done.stdout)
    assert nothing_left(project)


@pytest.mark.parametrize(
    ("pull", "built"),
    [
        ("Error response from daemon: manifest for r/app:1 not found: manifest unknown", True),
        ("failed to resolve reference: r/app:1: not found", True),
        ("pull access denied for r/app, repository does not exist or may require 'docker login'", True),
        ("Error response from daemon: Get https://r/v2/: dial tcp 192.0.2.1:443: i/o timeout", False),
        ("Error response from daemon: received unexpected HTTP status: 503 Service Unavailable", False),
        ("", None),
    ],
)
def test_build_pushes_only_what_the_registry_lacks(project: Path, pull: str, built: bool | None) -> None:
    git(project, "init", "--quiet")
    commit(project, "Start")
    env = environment(project, RELEASE="1", PULL=pull)

    done = run([project / "docker/build", "--push"], env=env, check=False)

    assert ("docker push " in done.stdout) == bool(built)
    assert (done.returncode == 0) == (built is not False), done.stderr
    assert ("does not know whether" in done.stderr) == (built is False)
    assert nothing_left(project)


@pytest.mark.parametrize("images", ["docker.io/team/site", "team/site", "registry.example.com/site"])
def test_build_tells_the_digest(project: Path, images: str) -> None:
    git(project, "init", "--quiet")
    commit(project, "Start")

    run([project / "docker/build", "--push"], env=environment(project, RELEASE="1", IMAGES=images))

    assert (project / "build.env").read_text() == f"APP_IMAGE={images}/app:1@sha256:2\n"


def test_build_without_a_digest_fails(project: Path) -> None:
    (project.parent / "bin/docker").write_text("#!/bin/sh\n")
    git(project, "init", "--quiet")
    commit(project, "Start")

    done = run([project / "docker/build", "--push"], env=environment(project, RELEASE="1"), check=False)

    assert done.returncode == 1
    assert "no digest" in done.stderr
    assert not (project / "build.env").exists()


def test_build_takes_what_is_committed_with_the_modes_of_git(project: Path) -> None:
    (project.parent / "bin/docker").write_text(LOOK_AT_CONTEXT)
    git(project, "init", "--quiet")
    commit(project, "Start")
    (project / "manage.py").chmod(0o777)
    (project / "pyproject.toml").chmod(0o600)
    (project / "stray.txt").touch()

    done = run([project / "docker/build"], env=environment(project, RELEASE="1"))

    assert "755 manage.py\n644 pyproject.toml\n" in done.stdout
    assert "stray.txt" not in done.stdout


def test_lint_finds_mistakes(example: Path, project: Path) -> None:
    tools = environment_for(example, "pipeline").parent
    env = environment(project, PATH=f"{tools}:{os.environ['PATH']}")
    run([project / "docker/lint"], env=env)

    for first in ("#!/bin/sh", "#!/bin/bash", "#!/usr/bin/env bash", "#!/bin/sh -eu"):
        (project / "docker/bad").write_text(f"{first}\nrm $1\n")
        assert run([project / "docker/lint"], env=env, check=False).returncode != 0, first
    (project / "docker/bad").unlink()
    (project / "Dockerfile").write_text("FROM debian\nRUN cd /tmp\n")
    assert run([project / "docker/lint"], env=env, check=False).returncode != 0
