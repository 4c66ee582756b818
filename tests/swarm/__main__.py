"""Deploy the example to a swarm on this machine, for a person to look at: `make swarm`, `make swarm-down`."""

import shutil
import sys

from lab.command import CommandFailedError
from lab.docker import docker
from tests.harness.bake import TEMPLATE, bake
from tests.harness.certificate import make_certificate
from tests.harness.images import build
from tests.harness.running import remove
from tests.harness.stack import Stack

NAME = "exampleapp-try"
# Browsers know that every name below localhost is this machine.
DOMAIN = "exampleapp.localhost"
APP_IMAGE = "exampleapp-try-app:0123abc"
PROXY_IMAGE = "exampleapp-try-proxy:0123abc"
# The baked project and its certificate; git ignores it.
FOLDER = TEMPLATE / ".swarm"


def up() -> None:
    """Bake, build, deploy and say where to look. What an earlier call has left is removed first."""
    down()
    say("Baking the example")
    project = bake(FOLDER)
    say("Building its images")
    build(project, "docker/app/Dockerfile", APP_IMAGE, "--build-arg=RELEASE=0123abc")
    build(project, "deploy/proxy/Dockerfile", PROXY_IMAGE)
    say("Making throwaway secrets and a certificate")
    certificate = make_certificate(FOLDER, DOMAIN)
    stack = Stack(NAME, project, APP_IMAGE, PROXY_IMAGE, certificate, domain=DOMAIN)
    stack.prepare()
    say("Deploying, and waiting until every service is healthy")
    stack.deploy()
    try:
        stack.wait_until_healthy()
    except AssertionError:
        print(stack.logs(), file=sys.stderr)
        raise
    stack.migrate()
    tell(stack)


def tell(stack: Stack) -> None:
    """Say where the site is and what to try."""
    address = f"https://{DOMAIN}:{stack.https_port}"
    app = f"$(docker ps --quiet --filter label=com.docker.swarm.service.name={NAME}_app | head -n 1)"
    print(f"\n    {address}/ - the certificate is self-signed, so a browser asks you first")
    print(f"    curl --cacert {stack.certificate.certificate.relative_to(TEMPLATE)} {address}/api/alive")
    print(f"\nAn account for the admin site:  docker exec -it {app} python manage.py createsuperuser")
    print(f"The services:                   docker stack services {NAME}")
    print("The end of it:                  make swarm-down")


def down() -> None:
    """Remove the stack with all its data, its images and its folder."""
    remove(NAME)
    docker("image", "rm", "--force", APP_IMAGE, PROXY_IMAGE, check=False)
    shutil.rmtree(FOLDER, ignore_errors=True)


def say(what: str) -> None:
    print(f"==> {what}", flush=True)


if __name__ == "__main__":
    try:
        {"up": up, "down": down}[sys.argv[1]]()
    except (CommandFailedError, AssertionError) as error:
        sys.exit(f"make swarm stops: {error}")
