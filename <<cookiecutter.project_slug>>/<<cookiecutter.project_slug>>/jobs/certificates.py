"""For how long the TLS certificates of the site are still valid."""

import math
import socket
import ssl
import time
from typing import Any

SECONDS = 10
# X509_V_ERR_CERT_HAS_EXPIRED in OpenSSL's x509_vfy.h.
EXPIRED = 10


def days_left(site: str) -> int:
    """Ask a site for its certificate.

    Args:
        site: `name` or `name=host:port`, when the name is not where to ask, or not on port 443.

    Returns:
        Full days for which the certificate is still valid; -1 when it has expired.

    Raises:
        OSError: nothing answers there, or no TLS is spoken.
    """
    name, _, endpoint = site.partition("=")
    host, _, port = (endpoint or f"{name}:443").rpartition(":")
    address = (host, int(port))
    try:
        expires = ssl.cert_time_to_seconds(_certificate(address, name)["notAfter"])
    except ssl.SSLCertVerificationError as error:
        if error.verify_code != EXPIRED:
            raise
        return -1
    return max(-1, math.floor((expires - time.time()) / 86_400))


def _certificate(address: tuple[str, int], name: str) -> dict[str, Any]:
    """Python reads only certificates that it trusts, so fetch it, then trust it and ask again.

    Who signed it is not our question: a self-signed one expires just the same.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with _connect(context, address, name) as connection:
        certificate = connection.getpeercert(binary_form=True)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificate)
    with _connect(context, address, name) as connection:
        return connection.getpeercert() or {}


def _connect(context: ssl.SSLContext, address: tuple[str, int], name: str) -> ssl.SSLSocket:
    connection = socket.create_connection(address, timeout=SECONDS)
    try:
        return context.wrap_socket(connection, server_hostname=name)
    except BaseException:
        connection.close()
        raise
