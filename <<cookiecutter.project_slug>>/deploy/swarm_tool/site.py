"""Ask the site itself, through the proxy, which release answers."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import ssl
import time

from .environment import Environment
from .outcome import Problem

# Seconds between two questions; the proxy limits how often /api/alive may be asked.
PAUSE = 1.0
# Seconds for one answer.
TIMEOUT = 10.0


def answer(environment: Environment) -> tuple[int, str, str]:
    """Ask /api/alive once; return status, the release that answered, and the certificate's SHA-256.

    VERIFY_ADDRESS (host or host:port) in the settings is where the proxy is, if the domain does not lead there.
    Raises OSError, ValueError or http.client.HTTPException when no such answer comes.
    """
    domain = environment.settings["DOMAIN"]
    host, _, port = environment.settings.get("VERIFY_ADDRESS", "").partition(":")
    address = (host or domain, int(port or environment.settings.get("HTTPS_PORT") or 443))
    # The certificate may be self-signed: its fingerprint is compared instead of its issuer.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection(address, timeout=TIMEOUT)
    with plain, context.wrap_socket(plain, server_hostname=domain) as encrypted:
        fingerprint = hashlib.sha256(encrypted.getpeercert(binary_form=True) or b"").hexdigest()
        encrypted.sendall(f"GET /api/alive HTTP/1.1\r\nHost: {domain}\r\nConnection: close\r\n\r\n".encode())
        response = http.client.HTTPResponse(encrypted)
        response.begin()
        body = json.loads(response.read())
    return response.status, str(body.get("release")), fingerprint


def verify(environment: Environment, release: str, fingerprint: str, deadline: float) -> None:
    """Wait, for `deadline` seconds, until a release answers with 200, under a certificate if one is known.

    Raises Problem when it does not.
    """
    begin = time.monotonic()
    wanted = (http.HTTPStatus.OK, release, fingerprint)
    while True:
        try:
            status, name, shown = answer(environment)
            if (status, name, shown if fingerprint else "") == wanted:
                return
            problem = f"status {status}, release {name}, certificate {shown[:16]}…"
        except (OSError, ValueError, AttributeError, http.client.HTTPException) as error:
            problem = f"{type(error).__name__}: {error}"
        if time.monotonic() - begin > deadline:
            where = f"https://{environment.settings['DOMAIN']}/api/alive"
            remedy = "see `logs`; if the domain does not lead to the proxy yet, set VERIFY_ADDRESS in deploy.env"
            raise Problem(f"the site does not answer as release {release}", f"{where}: {problem}", remedy)
        time.sleep(PAUSE)
