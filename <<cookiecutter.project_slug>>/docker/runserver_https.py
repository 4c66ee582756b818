"""Django's development server over https, with the certificate of docker/certificates/make-certificate.sh."""

import ssl
import sys
from pathlib import Path
from typing import Any

import django
from django.contrib.staticfiles.management.commands.runserver import Command as RunserverCommand
from django.core.management import call_command
from django.core.servers.basehttp import WSGIServer

CERTIFICATES = Path(__file__).parent / "certificates"


class HttpsServer(WSGIServer):
    """The development server's HTTP server, behind TLS."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Listen like any other, then wrap the socket."""
        super().__init__(*args, **kwargs)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "cert.crt", CERTIFICATES / "cert.key")
        # Each thread shakes hands for itself: a silent client must not keep the others out.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def setup_environ(self) -> None:
        """Tell the app that its requests came over https."""
        super().setup_environ()
        self.base_environ["HTTPS"] = "on"


class Command(RunserverCommand):
    """`runserver` with another server: it still reloads and serves static files."""

    protocol = "https"
    server_cls = HttpsServer


if __name__ == "__main__":
    if not (CERTIFICATES / "cert.key").exists():
        sys.exit("There is no certificate yet: run docker/certificates/make-certificate.sh")
    django.setup()
    call_command(Command(), sys.argv[1])
