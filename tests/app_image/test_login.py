"""What a crowd at the login costs."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest

from tests.app_image import containers
from tests.app_image.containers import DOMAIN, HEADERS, Container, Services

pytestmark = pytest.mark.engine

LOGIN = "/admin/login/"
CROWD = 16
# The least that an environment gives a replica: deploy/stack.staging.yml.
MEMORY = "384m"


def test_crowd_at_the_login_kills_no_worker(
    app_image: str, migrated: Services, figure: Callable[[str], None]
) -> None:
    limits = (f"--memory={MEMORY}", f"--memory-swap={MEMORY}")
    with containers.app(app_image, migrated, *limits) as replica:
        replica.wait_until_healthy()
        workers = workers_of(replica)
        cookie, token = form(replica)

        with ThreadPoolExecutor(CROWD) as pool:
            answers = list(pool.map(lambda number: sign_in(replica, cookie, token, number), range(CROWD)))

        # The form again, which says that the password was wrong.
        assert answers == [200] * CROWD
        assert workers_of(replica) == workers
        assert "SIGKILL" not in replica.logs()
        figure(f"{CROWD} logins at once: {peak(replica)} MiB at most")


def workers_of(replica: Container) -> str:
    return replica.run("cat", "/proc/1/task/1/children")


def form(replica: Container) -> tuple[str, str]:
    """Return the cookie and the token that a login needs."""
    token = re.findall(r"__Host-csrftoken=(\w+)", replica.get(LOGIN).headers["Set-Cookie"])[0]
    return f"__Host-csrftoken={token}", token


def sign_in(replica: Container, cookie: str, token: str, number: int) -> int:
    """Try an account that does not exist; return the status. Raises OSError when the connection is cut."""
    connection = HTTPConnection("127.0.0.1", replica.port(), timeout=60)
    fields = {"csrfmiddlewaretoken": token, "username": f"nobody{number}", "password": "a guess"}
    headers = {
        **HEADERS,
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": cookie,
        "Origin": f"https://{DOMAIN}",
    }
    try:
        connection.request("POST", LOGIN, urlencode(fields), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def peak(replica: Container) -> int:
    """Return how much memory the replica took at most, in MiB, be it counted by cgroup v2 or v1."""
    files = "/sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes"
    return int(replica.run("sh", "-c", f"cat {files} 2>/dev/null", check=False) or 0) // 2**20
