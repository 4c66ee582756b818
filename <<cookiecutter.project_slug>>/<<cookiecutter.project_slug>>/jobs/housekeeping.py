"""The jobs that come with the project. Those of another app live in its own `jobs.py`."""

import math
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.mail import mail_admins
from django.utils import timezone

from .lease import Lease
from .models import Run
from .registry import job

# Rows deleted at a time: each step is short, and the lease is checked in between.
BATCH = 1000


@job("clear_sessions", lease=60, timeout=600)
def clear_sessions(lease: Lease) -> str:
    """Delete the sessions that have expired; Django itself never does."""
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    deleted = 0
    while keys := list(expired.values_list("pk", flat=True)[:BATCH]):
        with lease.step():
            deleted += Session.objects.filter(pk__in=keys).delete()[0]
    return f"{deleted} sessions deleted"


DAY = timedelta(days=1)
# So many failures are listed; the history has the others.
FAILURES = 20


@job("daily_report", lease=60, timeout=120)
def daily_report(lease: Lease) -> str:
    """E-mail the administrators what happened in the last day."""
    text = report(timezone.now())
    # An e-mail cannot be taken back: ask right before.
    lease.check()
    mail_admins("Daily report", text)
    return "sent"


def report(now: datetime) -> str:
    """Return what happened in the 24 hours before `now`: users, runs and failures."""
    since = now - DAY
    users = get_user_model().objects
    new = users.filter(date_joined__gte=since).count()
    signed_in = users.filter(last_login__gte=since).count()
    return "\n\n".join(
        [
            f"Since {timezone.localtime(since):%Y-%m-%d %H:%M}",
            f"Users: {users.count()}, {new} new, {signed_in} signed in",
            "\n".join(["Runs:", *(list(_runs(since)) or ["  none"])]),
        ]
    )


def _runs(since: datetime) -> Iterator[str]:
    runs = Run.objects.filter(started__gte=since)
    counts = Counter(runs.values_list("job", "state"))
    for (name, state), count in sorted(counts.items()):
        yield f"  {name}: {count} {Run.State(state).label.lower()}"
    failures = runs.filter(state__in=(Run.State.FAILED, Run.State.TIMED_OUT, Run.State.INTERRUPTED))
    for run in failures[:FAILURES]:
        when = timezone.localtime(run.started)
        yield f"  run {run.pk} of {run.job} at {when:%H:%M} {run.get_state_display().lower()}"
        yield f"    {run.error.strip().splitlines()[-1]}"


# For how long one site may take to answer, and how many are asked at a time.
SITE_SECONDS = 10
SITES_AT_ONCE = 20
# X509_V_ERR_CERT_HAS_EXPIRED in OpenSSL's x509_vfy.h.
EXPIRED = 10


@job("check_certificates", lease=60, timeout=120)
def check_certificates(lease: Lease, days: int = 21) -> str:
    """E-mail the administrators when a TLS certificate expires within so many days."""
    # At once, so that many that are away do not use up the job's time.
    with ThreadPoolExecutor(SITES_AT_ONCE) as pool:
        left = list(pool.map(_days_left, settings.CERTIFICATES))
    told = [
        f"{site}: {_in_words(days_left)}"
        for site, days_left in zip(settings.CERTIFICATES, left, strict=True)
    ]
    urgent = [
        text
        for text, days_left in zip(told, left, strict=True)
        if isinstance(days_left, Exception) or days_left < days
    ]
    if urgent:
        lease.check()
        mail_admins("TLS certificates to renew", "\n".join(urgent))
    # Only now: one site that is away must not hide the others.
    if any(isinstance(days_left, Exception) for days_left in left):
        raise RuntimeError(", ".join(told))
    return ", ".join(told)


def _days_left(site: str) -> int | Exception:
    try:
        return days_left(site)
    except (OSError, ValueError) as error:
        return error


def _in_words(left: int | Exception) -> str:
    if isinstance(left, Exception):
        return str(left)
    return "expired" if left < 0 else f"{left} days left"


def days_left(site: str) -> int:
    """Ask a site for its certificate.

    Args:
        site: `name` or `name=host:port`, when the name is not where to ask, or not on port 443.

    Returns:
        Full days for which the certificate is still valid; -1 when it has expired.

    Raises:
        OSError: nothing answers there, or no TLS is spoken.
        ValueError: that is no site.
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
    return max(-1, math.floor((expires - time.time()) / DAY.total_seconds()))


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
    connection = socket.create_connection(address, timeout=SITE_SECONDS)
    try:
        return context.wrap_socket(connection, server_hostname=name)
    except BaseException:
        connection.close()
        raise
