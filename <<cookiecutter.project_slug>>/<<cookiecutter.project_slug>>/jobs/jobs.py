"""The jobs that come with the project. Those of another app live in its own `jobs.py`."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.mail import mail_admins
from django.utils import timezone

from . import certificates
from .lease import Lease
from .registry import job
from .report import report

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


@job("daily_report", lease=60, timeout=120)
def daily_report(lease: Lease) -> str:
    """E-mail the administrators what happened in the last day."""
    text = report(timezone.now())
    # An e-mail cannot be taken back: ask right before.
    lease.check()
    mail_admins("Daily report", text)
    return "sent"


@job("check_certificates", lease=60, timeout=120)
def check_certificates(lease: Lease, days: int = 21) -> str:
    """E-mail the administrators when a TLS certificate expires within so many days."""
    found = [_certificate(site, days) for site in settings.CERTIFICATES]
    if urgent := [certificate.text for certificate in found if certificate.is_urgent]:
        lease.check()
        mail_admins("TLS certificates to renew", "\n".join(urgent))
    told = ", ".join(certificate.text for certificate in found)
    # Not before: one site that is away must not hide the others.
    if not all(certificate.is_known for certificate in found):
        raise RuntimeError(told)
    return told


@dataclass(frozen=True)
class Certificate:
    """What one site showed."""

    text: str
    is_urgent: bool
    is_known: bool = True


def _certificate(site: str, days: int) -> Certificate:
    try:
        left = certificates.days_left(site)
    except (OSError, ValueError) as error:
        return Certificate(f"{site}: {error}", is_urgent=True, is_known=False)
    in_words = "expired" if left < 0 else f"{left} days left"
    return Certificate(f"{site}: {in_words}", is_urgent=left < days)
