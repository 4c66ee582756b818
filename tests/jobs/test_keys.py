"""The key of the endpoint: wrong ones, and a new one."""

import secrets
import time

import pytest

from lab.docker import docker
from tests.harness.stack import Stack

from .client import Client

pytestmark = pytest.mark.swarm


@pytest.mark.parametrize("key", ["", "wrong", "x" * 7000, "schlüssel"])
def test_wrong_key(client: Client, key: str) -> None:
    (answer,) = client.post("slow", key=key)

    assert answer.status == 401
    assert answer.body == {"error": "unauthorized"}


def test_proxy_lets_nobody_in_from_outside(stack: Stack) -> None:
    headers = {"Authorization": f"Bearer {stack.secrets['cron_api_key']}"}

    assert stack.site.request("POST", "/api/cron/slow", headers=headers).status == 403
    assert stack.site.request("GET", "/api/cron/", headers=headers).status == 403


def test_new_key_without_a_failed_call(client: Client, stack: Stack) -> None:
    new = secrets.token_urlsafe(32)
    docker("secret", "create", f"{stack.name}_cron_api_key_2", "-", stdin=new)
    before = refused(stack)
    stack.deploy({"cron_api_key": "cron_api_key_2", "cron_api_key_previous": "cron_api_key_1"})
    statuses = []
    # The calls of a client that does not know the new key yet, in all the time that the update takes.
    while updating(stack, "app") or updating(stack, "cron"):
        statuses.append(status_while_the_scheduler_is_replaced(client))
        time.sleep(0.5)
    stack.wait_until_healthy()

    assert len(statuses) > 3
    assert set(statuses) <= {200, None}
    assert client.states(key=new).status == 200
    assert client.states().status == 200
    assert refused(stack) == before

    stack.deploy({"cron_api_key_previous": "cron_api_key_0"})
    stack.wait_until_updated("app", 120)
    stack.wait_until_updated("cron", 120)
    assert client.states(key=new).status == 200
    assert client.states().status == 401
    stack.secrets["cron_api_key"] = new


def status_while_the_scheduler_is_replaced(client: Client) -> int | None:
    """Return the status, or None when the container from which we call has just gone."""
    try:
        return client.states().status
    except AssertionError:
        return None


def updating(stack: Stack, service: str) -> bool:
    state = "--format={{with .UpdateStatus}}{{.State}}{{end}}"
    return docker("service", "inspect", state, f"{stack.name}_{service}").stdout.strip() == "updating"


def refused(stack: Stack) -> int:
    """Count the calls that the app has refused."""
    return docker("service", "logs", "--raw", f"{stack.name}_app").stdout.count("without a valid key")
