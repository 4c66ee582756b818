"""What happens to a request whose replica goes away: what is safe to repeat is, the rest is not."""

import pytest

from tests.harness.proxied import Proxied

pytestmark = pytest.mark.engine

ATTEMPTS = 12


@pytest.fixture
def half_broken(alone: Proxied) -> Proxied:
    """One replica that answers and one that hangs up on all it reads."""
    alone.start_app()
    alone.start_app(BREAKS="1")
    return alone


def test_reading_is_repeated_on_another_replica(half_broken: Proxied) -> None:
    answers = [half_broken.site.get(f"/page/{number}") for number in range(ATTEMPTS)]

    assert [answer.status for answer in answers] == [200] * ATTEMPTS
    # Otherwise the broken one was never asked, and nothing was shown.
    assert sum(half_broken.received(f"GET /page/{number}") for number in range(ATTEMPTS)) > ATTEMPTS


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_changes_something_arrives_once(half_broken: Proxied, method: str) -> None:
    statuses = [
        half_broken.site.request(method, f"/form/{number}", body="x=1").status for number in range(ATTEMPTS)
    ]

    assert set(statuses) == {200, 502}
    for number in range(ATTEMPTS):
        assert half_broken.received(f"{method} /form/{number}") == 1


def test_a_form_survives_a_replica_that_is_not_there(alone: Proxied) -> None:
    """Nothing was sent yet when the connection is refused, so even a POST may go to another one."""
    alone.start_app()
    alone.start_deaf()

    statuses = [
        alone.site.request("POST", f"/form/{number}", body="x=1").status for number in range(ATTEMPTS)
    ]

    assert statuses == [200] * ATTEMPTS


def test_the_apps_own_errors_are_not_repeated(alone: Proxied) -> None:
    alone.start_app()
    alone.start_app()

    assert alone.site.get("/status/503").json() == {"from": "the app"}
    assert alone.received("GET /status/503") == 1
