"""The web application firewall before the real site, and the switch between watching and refusing."""

import pytest

from tests.harness.site import Site
from tests.harness.stack import Stack

pytestmark = pytest.mark.swarm

INJECTION = "/?q=1%27+OR+%271%27=%271%27+UNION+SELECT+password+FROM+users--"
TRAVERSAL = "/?file=../../../../etc/passwd"


@pytest.fixture(scope="module")
def refusing(stack: Stack) -> Site:
    """The site after the firewall was switched on. It stays on for the rest of this module."""
    stack.deploy(MODSEC_RULE_ENGINE="On")
    stack.wait_until_updated("site")
    return stack.site


@pytest.mark.parametrize("attack", [INJECTION, TRAVERSAL])
def test_an_attack_is_detected_and_logged(stack: Stack, site: Site, attack: str) -> None:
    answer = site.get(attack)

    assert answer.status == 200
    assert stack.lines_with("proxy", f'"uri":"{attack}"')


@pytest.mark.parametrize("attack", [INJECTION, TRAVERSAL])
def test_an_attack_is_refused_when_switched_on(refusing: Site, attack: str) -> None:
    assert refusing.get(attack).status == 403


@pytest.mark.parametrize("path", ["/", "/admin/login/?next=/admin/", "/api/alive"])
def test_the_site_works_when_switched_on(refusing: Site, path: str) -> None:
    assert refusing.get(path).status == 200


def test_it_can_be_switched_back(stack: Stack, refusing: Site) -> None:
    stack.deploy(MODSEC_RULE_ENGINE="DetectionOnly")
    stack.wait_until_updated("site")

    assert refusing.get(INJECTION).status == 200
