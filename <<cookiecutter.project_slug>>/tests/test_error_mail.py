"""What the administrators are told of errors: enough to find it, never too often, and no secret."""

import email.policy
import logging
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from << cookiecutter.project_slug >> import logs
from << cookiecutter.project_slug >>.logs import MailHandler, RequestIdFilter

pytestmark = pytest.mark.urls(__name__)

SECRETS = {
    "key": "the key that signs everything",
    "database": "p@ssword-of-the-database",
    "cache": "password-of-the-cache",
    "mail": "password-of-the-mail-server",
}


class Mailbox(socketserver.StreamRequestHandler):
    """As much of an SMTP server as a client needs to get rid of its mail (RFC 5321)."""

    received: list[EmailMessage]

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        for line in self.rfile:
            command = line[:4].strip().upper()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                parser = BytesParser(EmailMessage, policy=email.policy.default)
                self.received.append(parser.parsebytes(text))
            self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")


@pytest.fixture
def mails(settings: Settings) -> Iterator[list[EmailMessage]]:
    """What a real server on this machine has received."""
    received: list[EmailMessage] = []
    handler = type("Handler", (Mailbox,), {"received": received})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.server_address[1]
        yield received
        server.shutdown()


@pytest.fixture(autouse=True)
def handler(settings: Settings) -> Iterator[MailHandler]:
    """Listens as in production. The values of secret settings are ours."""
    settings.ADMINS = [("Ada", "ada@example.com")]
    settings.SECRET_KEY = SECRETS["key"]
    settings.EMAIL_HOST_PASSWORD = SECRETS["mail"]
    settings.SOME_ADDRESSES = {"LOCATION": f"redis://:{SECRETS['cache']}@redis:6379/0"}
    settings.SOME_DATABASES = {"default": {"PASSWORD": SECRETS["database"]}}
    cache.clear()
    handler = MailHandler(logging.ERROR)
    handler.addFilter(RequestIdFilter())
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError(f"no luck with {request.GET.get('word', '')}")


def broken_elsewhere(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("no luck here either")


urlpatterns = [path("broken", broken), path("elsewhere", broken_elsewhere)]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def sent(mails: list[EmailMessage], number: int) -> list[EmailMessage]:
    """Wait for so many mails, and a moment longer for one too many."""
    _wait(lambda: len(mails) >= number)
    time.sleep(0.2)
    assert len(mails) == number
    return mails


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def test_error_is_mailed_with_what_helps_to_find_it(
    client: Client, mails: list[EmailMessage], settings: Settings
) -> None:
    settings.RELEASE, settings.REPLICA = "abc123", "replica-7"

    client.get("/broken", headers={"X-Request-ID": "id-of-this-request"})

    (mail,) = sent(mails, 1)
    assert mail["Subject"].endswith("RuntimeError: no luck with")
    assert "ada@example.com" in mail["To"]
    for word in ("GET /broken", "abc123", "replica-7", "id-of-this-request", "in broken"):
        assert word in mail.get_content()


def test_one_error_is_mailed_once_a_minute(client: Client, mails: list[EmailMessage]) -> None:
    for word in "abcde":
        client.get(f"/broken?word={word}")
    client.get("/elsewhere")

    sent(mails, 2)


def test_it_is_mailed_again_when_the_minute_is_over(
    client: Client, mails: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAIL_PAUSE", 1)
    client.get("/broken")
    time.sleep(1.1)
    client.get("/broken")

    sent(mails, 2)


def test_processes_share_the_minute(mails: list[EmailMessage]) -> None:
    record = logging.makeLogRecord({"msg": "the same", "levelno": logging.ERROR, "request_id": "-"})
    for _ in range(3):
        MailHandler().handle(record)

    sent(mails, 1)


def test_each_process_counts_for_itself_while_the_cache_is_away(
    client: Client, mails: list[EmailMessage], settings: Settings
) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.test_login.GoneCache"}}

    for _ in range(5):
        client.get("/broken")

    sent(mails, 1)


@pytest.mark.django_db
def test_no_secret_is_mailed(client: Client, mails: list[EmailMessage]) -> None:
    words = " ".join(SECRETS.values())
    client.cookies["sessionid"] = "id-of-the-session"

    client.post(
        f"/broken?word={words}",
        {"password": "what the visitor typed"},
        headers={"Authorization": "Bearer key-of-the-caller"},
    )

    (mail,) = sent(mails, 1)
    whole = mail.as_string() + mail.get_content()
    assert "no luck with ******** ******** ******** ********" in mail.get_content()
    for secret in (*SECRETS.values(), "id-of-the-session", "typed", "key-of-the-caller", "word="):
        assert secret not in whole


def test_warnings_and_deliberate_answers_are_not_mailed(
    client: Client, mails: list[EmailMessage]
) -> None:
    client.get("/nowhere")
    logging.getLogger("any").warning("careful")

    sent(mails, 0)


def test_errors_outside_of_a_request_are_mailed(mails: list[EmailMessage]) -> None:
    logging.getLogger("any").error("%s is unavailable\nfor a reason", "database")

    (mail,) = sent(mails, 1)
    assert mail["Subject"].endswith("database is unavailable")


def test_nobody_waits_for_a_mail_server_that_hangs(client: Client, settings: Settings) -> None:
    def is_sending() -> bool:
        return any(thread.name == "error-mail" for thread in threading.enumerate())

    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as silent:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", silent.server_address[1]
        settings.EMAIL_TIMEOUT = 10

        assert client.get("/broken").status_code == 500
        assert is_sending()
    _wait(lambda: not is_sending())


def test_mail_that_cannot_be_sent_is_a_line_in_the_log(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    client.get("/broken")

    _wait(lambda: "an error was not mailed: " in caplog.text)
