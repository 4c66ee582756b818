"""Bodies: large, many, slow, or costly for the firewall to read."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest

from .target import MEBIBYTE, Target, answer_of, unharmed

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
OPAQUE = {"Content-Type": "application/octet-stream"}

# From deploy/proxy/site.conf: what may be on its way at once, in all and from one client.
BODIES = 16
BODIES_OF_A_CLIENT = 6
REFUSED = {413, 429, 503}


def form_of(arguments: int) -> bytes:
    return "&".join(f"argument{number}=value{number}" for number in range(arguments)).encode()


COSTLY = {
    "two forms of 60,000 arguments": (FORM, form_of(60_000)[:MEBIBYTE]),
    "a list of 20,000 in JSON": (JSON, json.dumps(list(range(20_000))).encode()),
    "JSON that is 10,000 deep": (JSON, b"[" * 10_000 + b"]" * 10_000),
}


@pytest.mark.parametrize("attack", COSTLY)
def test_what_is_costly_to_inspect(target: Target, attack: str) -> None:
    """One for each worker of nginx. They were frozen for 31 s."""
    headers, body = COSTLY[attack]
    with unharmed(target):
        answers = at_once([partial(ask, target, "POST", "/", body, headers)] * 2)
        time.sleep(1)

    assert None not in answers


def test_addresses_of_1_700_arguments(target: Target) -> None:
    query = "&".join(f"{number:x}" for number in range(1_700))
    with unharmed(target):
        answers = at_once([partial(ask, target, "GET", f"/?{query}", b"", {})] * 60)
        time.sleep(0.5)

    assert set(answers) <= {200, 302, 400, 403, 404, *REFUSED}


def test_small_forms_of_3_000_arguments(target: Target) -> None:
    form = "&".join(f"{number:x}" for number in range(2_200)).encode()[:9_999]
    with unharmed(target):
        answers = at_once([partial(ask, target, "POST", "/", form, FORM)] * 60)
        time.sleep(0.5)

    assert set(answers) <= {200, 302, 400, 403, 404, 405, *REFUSED}


def test_40_bodies_at_the_limit_from_one_client(target: Target) -> None:
    """They killed three workers in two seconds."""
    with unharmed(target):
        answers = Counter(slow_bodies(target, [{}] * 40))

    assert sum(answers[status] for status in REFUSED) >= 40 - BODIES_OF_A_CLIENT
    assert set(answers) - REFUSED <= {200, 400, 403, 404, 405}


def test_40_bodies_at_the_limit_from_several_clients(target: Target) -> None:
    with unharmed(target):
        answers = Counter(slow_bodies(target, [target.client(1 + number // 4) for number in range(40)]))

    assert answers[200] == BODIES
    assert sum(answers[status] for status in REFUSED) == 40 - BODIES


def test_13_that_trickle(target: Target) -> None:
    """Each holds a body that is complete but for a few bytes. They filled /tmp for as long as they liked."""
    with unharmed(target):
        connections = [
            target.send("POST", "/", bytes(MEBIBYTE - 1000), OPAQUE, length=MEBIBYTE) for _ in range(13)
        ]
        for _ in range(4):
            time.sleep(1)
            for connection in connections:
                try:
                    connection.sendall(b"x")
                except OSError:
                    continue
        if target.proxied:
            other = target.client(99)
            form = target.site.request("POST", "/", body=bytes(20_000), headers={**OPAQUE, **other})
            assert form.status == 200
            assert target.site.request("GET", "/static/00000000000a.css", headers=other).status == 200
        for connection in connections:
            connection.close()


def test_a_login_gets_through_while_uploads_fill_every_place(target: Target) -> None:
    clients = [target.client(1 + number // 4) for number in range(40)]
    connections = [
        target.send("POST", "/", bytes(50_000), {**OPAQUE, **client}, length=MEBIBYTE) for client in clients
    ]
    time.sleep(1)
    other = target.client(99)
    with unharmed(target):
        form = target.site.request("POST", "/", body="user=ada&password=secret", headers={**FORM, **other})
        large = target.site.request("POST", "/", body=bytes(50_000), headers={**OPAQUE, **other})
        time.sleep(0.5)
    for connection in connections:
        connection.close()

    assert form.status == 200
    assert large.status == 429


def slow_bodies(target: Target, clients: Sequence[dict[str, str]]) -> list[int | None]:
    """Send bodies at the limit, all but the last byte, until all are there; then the rest."""
    all_there = threading.Barrier(len(clients))

    def send(client: dict[str, str]) -> int | None:
        with target.send(
            "POST", "/", bytes(MEBIBYTE - 1), {**OPAQUE, **client}, length=MEBIBYTE
        ) as connection:
            all_there.wait(60)
            time.sleep(1)
            with suppress(OSError):
                connection.sendall(b"x")
            return answer_of(connection)

    return at_once([partial(send, client) for client in clients])


def ask(target: Target, method: str, path: str, body: bytes, headers: dict[str, str]) -> int | None:
    with target.send(method, path, body, headers) as connection:
        return answer_of(connection)


def at_once(calls: Sequence[Callable[[], int | None]]) -> list[int | None]:
    """Call all of them, each in a thread of its own."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda call: call(), calls))
