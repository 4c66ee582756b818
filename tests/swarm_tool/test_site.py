import dataclasses
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from swarm_tool import secret
from swarm_tool.environment import Environment
from swarm_tool.outcome import Problem
from swarm_tool.status import answer, verify


class Alive(http.server.BaseHTTPRequestHandler):
    """Answers like /api/alive."""

    status, body = 200, '{"status": "ok", "release": "1a2b"}'

    def do_GET(self) -> None:
        good = self.path == "/api/alive" and self.headers["Host"] == "shop.test"
        self.send_response(self.status if good else 404)
        self.end_headers()
        self.wfile.write(self.body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def pem() -> tuple[str, str]:
    return secret.self_signed("shop.test")


@pytest.fixture
def site(
    environment: Environment, pem: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Environment]:
    """An environment whose site is a server in this process."""
    for name, text in zip(("certificate", "key"), pem, strict=True):
        (tmp_path / name).write_text(text, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    server = http.server.HTTPServer(("127.0.0.1", 0), Alive)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("swarm_tool.status.time.sleep", lambda _: None)
    settings = {**environment.settings, "VERIFY_ADDRESS": f"127.0.0.1:{server.server_port}"}
    yield dataclasses.replace(environment, settings=settings)
    server.shutdown()
    server.server_close()


def test_new_release_answers(site: Environment, pem: tuple[str, str]) -> None:
    _, fingerprint = secret.describe_certificate(pem[0])

    assert answer(site) == (200, "1a2b", fingerprint)
    verify(site, "1a2b", fingerprint, 0)
    verify(site, "1a2b", "", 0)


@pytest.mark.parametrize(
    ("answered", "wanted", "why"),
    [
        ({}, ("3c4d", ""), "status 200, release 1a2b"),
        ({"status": 503}, ("1a2b", ""), "status 503, release 1a2b"),
        ({}, ("1a2b", "0" * 64), "certificate "),
        ({"body": "<html>"}, ("1a2b", ""), "JSONDecodeError"),
        ({"body": "[]"}, ("1a2b", ""), "AttributeError"),
    ],
)
def test_wrong_answer(
    site: Environment,
    monkeypatch: pytest.MonkeyPatch,
    answered: dict[str, Any],
    wanted: tuple[str, str],
    why: str,
) -> None:
    for name, value in answered.items():
        monkeypatch.setattr(Alive, name, value)

    with pytest.raises(Problem, match=f"does not answer as release {wanted[0]}") as problem:
        verify(site, *wanted, 0)

    assert why in problem.value.why


def test_nobody_answers(environment: Environment) -> None:
    environment.settings["VERIFY_ADDRESS"] = "127.0.0.1:1"

    with pytest.raises(Problem) as problem:
        verify(environment, "1a2b", "", 0)

    assert "ConnectionRefusedError" in problem.value.why
