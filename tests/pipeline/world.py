"""A project's repository, and all that its pipeline meets: registry, ssh server, swarm, two environments."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.command import run
from lab.docker import docker, unique_name
from lab.registry import Registry, registry
from lab.sshd import Sshd, sshd
from tests.harness.certificate import make_certificate
from tests.harness.clone import commit, git
from tests.harness.site import Site
from tests.harness.trial import OVERLAY, Trial

from .gitlab import GitLab
from .vulnerabilities import Vulnerabilities, vulnerabilities

HERE = Path(__file__).parent
DOMAINS = {"staging": "staging.example.com", "production": "example.com"}
# What containers call the machine that manages the swarm.
MANAGER = "manager.example.com"
WAIT_FOR_IT = "sumina46/wait-for-it:latest"


@dataclass(frozen=True)
class World:
    """What the tests of the pipeline look at and change."""

    repository: Path
    gitlab: GitLab
    registry: Registry
    server: Sshd
    vulnerabilities: Vulnerabilities
    environments: dict[str, Trial]

    @property
    def head(self) -> str:
        """The commit that is checked out, as short as the pipeline writes it."""
        return git(self.repository, "rev-parse", "HEAD")[:8]

    def commit(self, message: str) -> str:
        """Commit all changes and return the new commit."""
        commit(self.repository, message)
        return self.head

    def answers(self, environment: str) -> str:
        """Return the release that a site answers with, through its proxy and under its certificate."""
        trial, domain = self.environments[environment], DOMAINS[environment]
        certificate = self.repository.parent / f"{domain}.crt"
        site = Site(domain, trial.http_port, trial.https_port, certificate)
        return str(site.get("/api/alive").json()["release"])

    def image(self, environment: str) -> str:
        """Return the digest of the image that an environment runs."""
        specification = self.environments[environment].specification("app")
        image: str = specification["TaskTemplate"]["ContainerSpec"]["Image"]
        return image.partition("@")[2]

    def tags(self) -> set[str]:
        """Return the tags of the app's images in the registry."""
        return self.registry.tags("exampleapp/app")

    def secrets(self) -> set[str]:
        """Return what must appear in no log."""
        key = self.server.key.read_text(encoding="ascii").splitlines()[1]
        return {self.registry.builder.password, self.registry.reader.password, key}


@contextmanager
def world(example: Path, folder: Path, base_images: dict[str, str]) -> Iterator[World]:
    """Set everything up, and remove every trace of it at the end. `base_images` says where each is from."""
    gateway = docker(
        "network", "inspect", "bridge", "--format={{(index .IPAM.Config 0).Gateway}}"
    ).stdout.strip()
    repository = Path(shutil.copytree(example, folder / "exampleapp"))
    for name in ("sshd", "registry"):
        (folder / name).mkdir()
    with ExitStack() as stack:
        helper = stack.enter_context(image(unique_name("helper"), HERE / "helper"))
        stack.enter_context(image(WAIT_FOR_IT, HERE / "wait-for-it"))
        known = stack.enter_context(vulnerabilities(gateway))
        # Containers reach the machine at the gateway of their bridge.
        server = stack.enter_context(sshd(folder / "sshd", gateway, MANAGER))
        images = stack.enter_context(registry(folder / "registry"))
        stack.callback(remove_images, images.address)
        environments = {name: Trial(f"{unique_name('pl')}-{name}", repository, "") for name in DOMAINS}
        for name, trial in environments.items():
            configure(name, trial, server, images)
            stack.callback(trial.remove)
        (repository / "deploy/stack.trial.yml").write_text(OVERLAY, encoding="utf-8")
        git(repository, "init", "--quiet", "--initial-branch=main")
        commit(repository, "Start")
        for name in environments:
            prepare(name, repository, server)
        variables = {
            "IMAGES": f"{images.address}/exampleapp",
            "CI_REGISTRY_USER": images.builder.name,
            "CI_REGISTRY_PASSWORD": images.builder.password,
            "CI_DEPLOY_USER": images.reader.name,
            "CI_DEPLOY_PASSWORD": images.reader.password,
            # A stand-in is in no registry: there it cannot be pulled anew.
            "BUILD_OPTIONS": "--pull=false" if "stand-in" in str(base_images) else "",
            "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
            "PIP_AUDIT_OSV_URL": known.url,
        }
        files = {"SSH_PRIVATE_KEY": server.key, "SSH_KNOWN_HOSTS": server.known_hosts}
        gitlab = GitLab(repository, helper, variables, files, [MANAGER, *DOMAINS.values()])
        yield World(repository, gitlab, images, server, known, environments)


@contextmanager
def image(tag: str, folder: Path) -> Iterator[str]:
    """Have an image while the block runs."""
    docker("build", "--quiet", f"--tag={tag}", str(folder))
    yield tag
    docker("image", "rm", "--force", tag, check=False)


def configure(name: str, trial: Trial, server: Sshd, images: Registry) -> None:
    """Say where an environment is: what its owner edits in deploy.env."""
    path = trial.folder.with_name(name) / "deploy.env"
    text = path.read_text(encoding="utf-8")
    changes = {
        "DOCKER_HOST": server.docker_host,
        "STACK": trial.name,
        "OVERLAY": "trial",
        "PROXY_IMAGE": f"{images.address}/exampleapp/proxy:1",
    }
    for key, value in changes.items():
        text, replaced = re.subn(rf"^{key}=.*$", f"{key}={value}", text, flags=re.MULTILINE)
        assert replaced == 1, key
    # One replica, since nobody counts requests here.
    added = f"HTTP_PORT={trial.http_port}\nHTTPS_PORT={trial.https_port}\nDEADLINE=45\nREPLICAS=1\n"
    path.write_text(f"{text}\n{added}", encoding="utf-8")


def prepare(name: str, repository: Path, server: Sshd) -> None:
    """Make label, secrets and certificate, as the README tells."""
    certificate = make_certificate(repository.parent, DOMAINS[name])
    files = [f"--certificate={certificate.certificate}", f"--key={certificate.key}"]
    run([repository / "deploy/swarm", "init", name, *files], env={**os.environ, **server.environment})


def remove_images(address: str) -> None:
    """Remove all images that were built for a registry, or pulled from it."""
    listed = docker("image", "ls", "--format={{.Repository}}:{{.Tag}}@{{.ID}}").stdout.split()
    found = {line.partition("@")[2] for line in listed if line.startswith(f"{address}/")}
    if found:
        docker("image", "rm", "--force", *found, check=False)
