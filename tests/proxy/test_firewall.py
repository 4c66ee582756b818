"""The web application firewall: finds attacks, refuses them when switched on, and lets the site alone."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.wait import wait_until
from tests.harness.certificate import Certificate
from tests.harness.proxied import Proxied, proxied, site_folder

pytestmark = pytest.mark.engine

FORM = {"Content-Type": "application/x-www-form-urlencoded"}

ATTACKS = {
    "an SQL injection": (
        "/search?q=1%27%20OR%20%271%27=%271%27%20UNION%20SELECT%20password%20FROM%20users--",
        "942",
    ),
    "a path traversal": ("/download?file=../../../../etc/passwd", "930"),
    "a script in a parameter": ("/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "941"),
    "a shell command": ("/ping?host=;cat%20/etc/passwd", "932"),
}


@pytest.fixture(scope="module")
def strict(
    example: Path, proxy_image: str, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    """The proxy with the firewall switched on."""
    folder = site_folder(example, tmp_path_factory.mktemp("strict") / "site", MODSEC_RULE_ENGINE="On")
    with proxied(proxy_image, folder, certificate) as running:
        running.start_app(FILES="app.0123456789ab.css")
        yield running


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_detected_and_logged(proxy: Proxied, attack: str) -> None:
    path, family = ATTACKS[attack]

    answer = proxy.site.get(path)

    assert answer.status == 200
    assert any(rule.startswith(family) for rule in rules_found(proxy, path))


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_when_switched_on(strict: Proxied, attack: str) -> None:
    path, family = ATTACKS[attack]

    answer = strict.site.get(path)

    assert answer.status == 403
    assert any(rule.startswith(family) for rule in rules_found(strict, path))
    assert strict.received(f"GET {path}") == 0


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_attack_in_a_body_is_refused(strict: Proxied, method: str) -> None:
    body = "q=1%27+OR+%271%27%3D%271%27+UNION+SELECT+password+FROM+users--"

    assert strict.site.request(method, "/search", body=body, headers=FORM).status == 403


@pytest.mark.parametrize("path", ["/", "/admin/", "/static/app.0123456789ab.css", "/page?next=/other/page/"])
def test_the_site_works_when_switched_on(strict: Proxied, path: str) -> None:
    assert strict.site.get(path).status == 200


def test_logging_in_works_when_switched_on(strict: Proxied) -> None:
    """A good password looks like an attack."""
    answer = strict.site.request(
        "POST",
        "/admin/login/",
        body="csrfmiddlewaretoken=abc&username=ada&password=%27+OR+1%3D1--+%3Cscript%3E&next=%2Fadmin%2F",
        headers={**FORM, "Cookie": "__Host-csrftoken=abc; __Host-sessionid=def"},
    )
    assert answer.status == 200


def test_no_password_gets_into_the_log(proxy: Proxied) -> None:
    proxy.site.request(
        "POST",
        "/admin/login/?q=../../etc/passwd",
        body="username=ada&password=%27UNION+SELECT+swordfish--",
        headers={**FORM, "Cookie": "__Host-sessionid=' OR swordfish=1--"},
    )

    assert rules_found(proxy, "/admin/login/?q=../../etc/passwd")
    assert [line for line in proxy.log().splitlines() if "swordfish" in line] == []


def test_static_files_cost_no_rules(proxy: Proxied) -> None:
    attack = "/static/app.0123456789ab.css?file=../../etc/passwd"
    proxy.site.get(attack)
    proxy.site.get("/after?file=../../etc/passwd")

    assert rules_found(proxy, "/after?file=../../etc/passwd")
    assert not audited(proxy, attack)


def rules_found(proxy: Proxied, path: str) -> list[str]:
    """Return the ids of the rules that matched a request, as the log tells them."""
    entries = wait_until(lambda: audited(proxy, path), 5, f"the firewall's word about {path}")
    return [message["details"]["ruleId"] for entry in entries for message in entry["messages"]]


def audited(proxy: Proxied, path: str) -> list[dict[str, Any]]:
    lines = [line for line in proxy.log().splitlines() if line.startswith('{"transaction"')]
    transactions = [json.loads(line)["transaction"] for line in lines]
    return [entry for entry in transactions if entry["request"]["uri"] == path]
