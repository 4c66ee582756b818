"""Start the proxy and stubs of the app as plain containers, and remove them all at the end."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.docker import docker, unique_name
from lab.ports import free_port
from lab.wait import wait_until
from tests.harness.certificate import Certificate
from tests.harness.site import Site

STUB = Path(__file__).with_name("stub_app.py")
DOMAIN = "example.com"

# As the stack runs it (deploy/stack.yml and its overlays); test_budget.py compares.
MEMORY_MIB = 512
TMPFS_MIB = {"/tmp": 18, "/var/cache/nginx": 48}  # noqa: S108
PROXY_OPTIONS = (
    *("--read-only", "--cap-drop=ALL", f"--memory={MEMORY_MIB}m", f"--memory-swap={MEMORY_MIB}m"),
    *(f"--tmpfs={path}:mode=1777,size={size}m" for path, size in TMPFS_MIB.items()),
)


class Proxied:
    """The proxy with the project's configuration, before as many stubs of the app as a test starts."""

    def __init__(
        self,
        image: str,
        site_folder: Path,
        certificate: Certificate,
        options: Sequence[str] = (),
        network_options: Sequence[str] = (),
    ) -> None:
        self.options = options
        self.network_options = network_options
        self.image = image
        self.site_folder = site_folder
        self.certificate = certificate
        self.network = unique_name("proxy")
        self.volume = unique_name("proxy")
        self.spool = unique_name("proxy-spool")
        self.proxy = unique_name("proxy")
        self.apps: list[str] = []
        self.site = Site(DOMAIN, free_port(), free_port(), certificate.certificate)

    def start(self) -> None:
        shutil.copy(self.certificate.certificate, self.site_folder / "tls_certificate")
        shutil.copy(self.certificate.key, self.site_folder / "tls_key")
        docker("network", "create", *self.network_options, self.network)
        docker(
            *("run", "--detach", "--name", self.proxy, "--network", self.network, *PROXY_OPTIONS),
            *self.options,
            f"--publish=127.0.0.1:{self.site.http_port}:8080",
            f"--publish=127.0.0.1:{self.site.https_port}:8443",
            f"--volume={self.site_folder}:/etc/nginx:ro",
            f"--volume={self.volume}:/var/lib/maintenance",
            f"--volume={self.spool}:/var/spool/nginx",
            self.image,
        )
        wait_until(self.is_healthy, 20, "the proxy's health check")

    @property
    def address(self) -> str:
        """The address of the proxy's container, which this machine reaches without published ports."""
        template = "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return docker("inspect", template, self.proxy).stdout.strip()

    def is_healthy(self) -> bool:
        state = docker("inspect", "--format={{.State.Status}} {{.State.Health.Status}}", self.proxy).stdout
        assert "exited" not in state, self.log()
        return "running healthy" in state

    def start_app(self, **environment: str) -> str:
        """Start one more replica of the stub and return its container's name."""
        variables = [f"--env={key}={value}" for key, value in environment.items()]
        name = self.run_app(
            "python", "/stub_app.py", options=[*variables, f"--volume={STUB}:/stub_app.py:ro"]
        )
        wait_until(lambda: self.answers(name), 20, f"the stub {name}")
        return name

    def start_deaf(self) -> None:
        """Start a replica that refuses every connection."""
        self.run_app("sleep", "600")

    def run_app(self, *command: str, options: Sequence[str] = ()) -> str:
        name = unique_name("proxy-app")
        docker(
            *("run", "--detach", "--init", "--name", name, "--network", self.network),
            *("--network-alias=app", *options, "python:3.13-slim-trixie", *command),
        )
        self.apps.append(name)
        return name

    def answers(self, app: str) -> bool:
        probe = "import socket; socket.create_connection(('127.0.0.1', 8000), 1)"
        return docker("exec", app, "python", "-c", probe, check=False).returncode == 0

    def stop_apps(self) -> None:
        for name in self.apps:
            docker("rm", "--force", name)
        self.apps.clear()

    def received(self, what: str) -> int:
        """Count over all replicas how often a request, such as "POST /form", arrived."""
        return self.printed(f"received {what}")

    def printed(self, line: str) -> int:
        """Count over all replicas how often they have printed a line."""
        return sum(docker("logs", name).stdout.splitlines().count(line) for name in self.apps)

    def maintenance(self, *, on: bool) -> None:
        """Switch the maintenance page on or off the way the deploy command does."""
        command = ["touch"] if on else ["rm", "-f"]
        docker("exec", self.proxy, *command, "/var/lib/maintenance/on")

    def log(self) -> str:
        """Return what the proxy has logged so far, both streams."""
        result = docker("logs", self.proxy, check=False)
        return result.stdout + result.stderr

    def remove(self) -> None:
        self.stop_apps()
        docker("rm", "--force", "--volumes", self.proxy, check=False)
        docker("volume", "rm", self.volume, self.spool, check=False)
        docker("network", "rm", self.network, check=False)


@contextmanager
def proxied(
    image: str,
    site_folder: Path,
    certificate: Certificate,
    *options: str,
    network_options: Sequence[str] = (),
) -> Iterator[Proxied]:
    """Run the proxy while the block runs; show its log when the block fails. `options`: of `docker run`."""
    proxy = Proxied(image, site_folder, certificate, options, network_options)
    try:
        proxy.start()
        yield proxy
    except BaseException:
        print(proxy.log()[-20_000:])
        raise
    finally:
        proxy.remove()


def site_folder(project: Path, destination: Path, **environment: str) -> Path:
    """Write the project's configuration of the proxy as the swarm would mount it, and return the folder.

    The swarm fills in {{ env "NAME" }} from the service's environment; so does this. Raises KeyError
    for a name that the stack does not give.
    """
    values = {
        "DOMAIN": DOMAIN,
        "HSTS_INCLUDE_SUBDOMAINS": "false",
        "HSTS_PRELOAD": "false",
        "HSTS_SECONDS": "3600",
        "HTTPS_PORT": "443",
        "MODSEC_RULE_ENGINE": "DetectionOnly",
        **environment,
    }
    destination.mkdir()
    deploy = project / "deploy"
    for source in (*(deploy / "proxy").iterdir(), deploy / "configs" / "production" / "access.nginx.inc"):
        text = source.read_text(encoding="utf-8")
        filled = re.sub(r'\{\{ env "(\w+)" \}\}', lambda match: values[match[1]], text)
        (destination / source.name).write_text(filled, encoding="utf-8")
    return destination


def trust_forwarded_addresses(folder: Path) -> None:
    """Let a client say which address it has, so that one machine can be many clients."""
    access = folder / "access.nginx.inc"
    text = access.read_text(encoding="utf-8")
    trusting = text.replace("# set_real_ip_from 198.51.100.7;", "set_real_ip_from 0.0.0.0/0;")
    trusting = trusting.replace("# real_ip_header X-Forwarded-For;", "real_ip_header X-Forwarded-For;")
    assert trusting.count("real_ip") == text.count("real_ip")
    assert trusting != text
    access.write_text(trusting, encoding="utf-8")


def allow_uploads(folder: Path) -> None:
    """Take the comment signs off the location for large uploads."""
    site = folder / "site.conf"
    text = site.read_text(encoding="utf-8")
    start = text.index("    # location /documents/upload/ {")
    end = text.index("    # }\n", start) + len("    # }\n")
    block = text[start:end].replace("    # ", "    ")
    site.write_text(text[:start] + block + text[end:], encoding="utf-8")
