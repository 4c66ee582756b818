"""Deploys under load: no visitor notices an update, a new password or a new certificate."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.wait import wait_until
from tests.harness.certificate import make_certificate
from tests.harness.load import Load, load
from tests.harness.trial import DOMAIN, Trial

pytestmark = pytest.mark.swarm

REQUESTS = 20_000
LOGINS = "SELECT count(*) FROM pg_authid WHERE rolpassword IS NOT NULL"
# What a site gets: most requests on connections that are kept, some on new ones, forms, slow pages.
KINDS: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("/", 330, {}),
    ("/", 40, {"keep_alive": False}),
    ("/", 60, {"method": "POST"}),
    ("/slow", 6, {}),
    ("/slow", 4, {"method": "POST"}),
)


@contextmanager
def visitors(trial: Trial, **changes: Any) -> Iterator[list[Load]]:
    """Send requests of all kinds while the block runs; `changes` are fields of Load."""
    trial.take_certificate()
    with ExitStack() as all_of_them:
        yield [
            all_of_them.enter_context(load(trial.site, path, rate, **options, **changes))
            for path, rate, options in KINDS
        ]


def sent(loads: list[Load]) -> int:
    return sum(one.sent for one in loads)


def test_update_of_two_replicas_loses_no_request(trial: Trial, figure: Callable[[str], None]) -> None:
    with visitors(trial) as loads:
        printed = trial.deploy("two")
        wait_until(lambda: sent(loads) >= REQUESTS, 120, f"{REQUESTS} requests")

    for one in loads:
        figure(f"update under load: {one}")
    assert [failure for one in loads for failure in one.failures] == []
    for step in ("preflight", "migrate", "roll out", "verify"):
        assert f"   {step}: " in printed
    trial.whole("two")


def test_new_database_password_loses_no_request(trial: Trial, figure: Callable[[str], None]) -> None:
    trial.swarm("secret", "set", "database_password", "--generate")
    # This page logs in to the database anew each time.
    with load(trial.site, "/database", 20) as running:
        trial.deploy("one")
        logins = trial.sql(LOGINS)
        trial.swarm("rollback")
        trial.swarm("deploy", f"--image={trial.release('one')}", "--keep=1")

    figure(f"new database password under load: {running}")
    assert running.failures == []
    assert int(logins) > 1
    assert trial.sql(LOGINS) == "1"
    trial.whole("one")


def test_new_certificate_and_configuration_lose_no_request(
    trial: Trial, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    proxy, made = trial.tasks("proxy"), make_certificate(tmp_path, DOMAIN)
    access = trial.folder / "access.nginx.inc"
    good = access.read_text(encoding="utf-8")
    trusted = trial.project / "trusted.pem"
    trial.swarm("secret", "set", "tls_certificate", f"--from-file={made.certificate}")
    trial.swarm("secret", "set", "tls_key", f"--from-file={made.key}")
    try:
        # nginx closes connections that wait for a request when it loads a configuration.
        with visitors(trial, like_browsers=True) as loads:
            trusted.write_text(trusted.read_text() + made.certificate.read_text(), encoding="ascii")
            trial.deploy("one")
            access.write_text(good.replace('default "";', 'default "noarchive";'), encoding="utf-8")
            trial.deploy("one")
            wait_until(lambda: sent(loads) >= REQUESTS, 120, f"{REQUESTS} requests")
            assert trial.site.get("/").headers["X-Robots-Tag"] == "noarchive"
    finally:
        access.write_text(good, encoding="utf-8")

    for one in loads:
        figure(f"new certificate and configuration under load: {one}")
    assert [failure for one in loads for failure in one.failures] == []
    assert trial.take_certificate() == made.certificate.read_text(encoding="ascii")
    assert trial.tasks("proxy") == proxy
    trial.deploy("one")
    trial.whole("one")
