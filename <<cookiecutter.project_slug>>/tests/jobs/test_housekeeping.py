"""The jobs that come with the project."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.utils import timezone
from pytest_django import Settings

from << cookiecutter.project_slug >>.jobs import housekeeping
from << cookiecutter.project_slug >>.jobs.models import Run
from << cookiecutter.project_slug >>.jobs.registry import jobs
from << cookiecutter.project_slug >>.jobs.runner import run

pytestmark = pytest.mark.django_db(transaction=True)


def run_job(name: str) -> Run:
    return run(jobs[name], {}, trigger=Run.Trigger.COMMAND)


def test_clear_sessions_deletes_what_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    now = timezone.now()
    for number in range(5):
        Session.objects.create(session_key=f"old{number}", expire_date=now - timedelta(days=1))
    Session.objects.create(session_key="young", expire_date=now + timedelta(days=1))

    assert run_job("clear_sessions").result == "5 sessions deleted"
    assert [session.pk for session in Session.objects.all()] == ["young"]


def test_daily_report(mailoutbox: list[EmailMessage], settings: Settings) -> None:
    now = timezone.now()
    users = get_user_model().objects
    users.create_user("old", date_joined=now - timedelta(days=9), last_login=now)
    users.create_user("new")
    for state, error in (
        ("succeeded", ""),
        ("succeeded", ""),
        ("failed", "Trace\nValueError: x\n"),
    ):
        Run.objects.create(job="import", state=state, error=error, started=now)
    Run.objects.create(job="import", state="failed", started=now - timedelta(days=2))

    assert run_job("daily_report").result == "sent"

    (mail,) = mailoutbox
    assert mail.to == [settings.ADMINS[0][1]]
    assert "Users: 2, 1 new, 1 signed in" in mail.body
    assert "  import: 2 succeeded" in mail.body
    assert "  import: 1 failed" in mail.body
    assert "    ValueError: x" in mail.body
    # The report's own run is under way.
    assert "  daily_report: 1 running" in mail.body


def test_report_of_a_day_without_runs(mailoutbox: list[EmailMessage]) -> None:
    assert housekeeping.report(timezone.now()).endswith("Runs:\n  none")


CA_CONF = """\
[ca]
default_ca = own
[own]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def openssl(folder: Path, arguments: str) -> None:
    subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)


class Site:
    """Shows a certificate to whoever asks for `example.test`."""

    def __init__(self, folder: Path) -> None:
        self.address = ""
        self.certificate, self.key = folder / "certificate", folder / "key"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.sni_callback = self._refuse_others

    def make_certificate(self, expires: datetime) -> None:
        """Sign one that is valid until then; only `openssl ca` takes any date."""
        folder = self.certificate.parent
        (folder / "ca.conf").write_text(CA_CONF)
        (folder / "index").touch()
        (folder / "serial").write_text("01")
        openssl(
            folder, "req -newkey rsa:2048 -nodes -subj /CN=example.test -keyout key -out request"
        )
        openssl(
            folder,
            "ca -batch -selfsign -notext -config ca.conf -keyfile key -in request -out certificate"
            f" -startdate 20200101000000Z -enddate {expires:%Y%m%d%H%M%SZ}",
        )
        self.context.load_cert_chain(self.certificate, self.key)

    @staticmethod
    def _refuse_others(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int | None:
        return None if name == "example.test" else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    listener = socket.create_server(("127.0.0.1", 0))
    site.address = f"127.0.0.1:{listener.getsockname()[1]}"

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), connection:
                site.context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield site
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.mark.parametrize(
    ("valid", "left"),
    [
        (timedelta(days=90, hours=1), 90),
        (timedelta(hours=1), 0),
        (timedelta(hours=-1), -1),
        (timedelta(days=-400), -1),
    ],
)
def test_days_left(site: Site, valid: timedelta, left: int) -> None:
    site.make_certificate(datetime.now(UTC) + valid)

    assert housekeeping.days_left(f"example.test={site.address}") == left


def test_certificate_is_asked_for_by_its_name(site: Site) -> None:
    site.make_certificate(datetime.now(UTC) + timedelta(days=90))
    with pytest.raises(ssl.SSLError):
        housekeeping.days_left(f"other.test={site.address}")


def test_site_that_does_not_answer() -> None:
    with pytest.raises(OSError, match="refused"):
        housekeeping.days_left("example.test=127.0.0.1:1")


def test_administrators_are_warned_in_time(
    mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    left = {"new.test": 80, "soon.test": 20, "old.test": -1}
    settings.CERTIFICATES = list(left)
    monkeypatch.setattr(housekeeping, "days_left", left.__getitem__)

    record = run_job("check_certificates")

    assert record.result == "new.test: 80 days left, soon.test: 20 days left, old.test: expired"
    (mail,) = mailoutbox
    assert mail.body == "soon.test: 20 days left\nold.test: expired"


def test_site_that_is_away_hides_no_other(
    mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch, settings: Settings, site: Site
) -> None:
    site.make_certificate(datetime.now(UTC) + timedelta(days=3, hours=1))
    away, wrong, soon = "away.test=127.0.0.1:1", "wrong.test=x:y", f"example.test={site.address}"
    settings.CERTIFICATES = [away, wrong, soon]

    record = run_job("check_certificates")

    (mail,) = mailoutbox
    first, second, third = mail.body.splitlines()
    assert first.startswith(f"{away}: ")
    assert "refused" in first
    assert second.startswith(f"{wrong}: ")
    assert third == f"{soon}: 3 days left"
    # What cannot be watched is no success.
    assert record.state == "failed"
    assert f"{soon}: 3 days left" in record.error


def test_nobody_is_bothered_without_need(
    mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.CERTIFICATES = ["new.test"]
    monkeypatch.setattr(housekeeping, "days_left", lambda site: 80)

    assert run_job("check_certificates").state == "succeeded"
    assert mailoutbox == []
