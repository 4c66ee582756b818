"""Deploy, redeploy, update; and a broken release leaves the old one serving."""

import pytest

from lab.command import run
from lab.docker import docker
from tests.harness.trial import Trial

pytestmark = pytest.mark.swarm

REFUSED, ROLLED_BACK = 3, 4
# By what the limit of /api/alive tells clients apart.
COUNTED = "$client zone=alive"


def test_redeploy_of_what_runs_restarts_nothing(trial: Trial) -> None:
    before = trial.tasks()

    printed = trial.deploy("one")

    assert "services that change: none" in printed
    assert trial.tasks() == before
    trial.whole("one")


def test_update_replaces_what_runs_the_image_and_nothing_else(trial: Trial) -> None:
    before = {name: trial.tasks(name) for name in ("app", "db", "proxy", "redis")}

    printed = trial.deploy("two")

    assert "services that change: app, cron\n" in printed
    after = {name: trial.tasks(name) for name in before}
    assert not after["app"] & before["app"]
    assert {name: after[name] for name in ("db", "proxy", "redis")} == {
        name: before[name] for name in ("db", "proxy", "redis")
    }
    trial.whole("two")


def test_dry_run_changes_nothing(trial: Trial) -> None:
    kinds = ("secret", "config", "service", "network")
    before = [trial.objects(kind) for kind in kinds], trial.tasks(), trial.specification("app")

    printed = trial.swarm("deploy", f"--image={trial.release('two')}", "--dry-run")

    assert "services that change: app, cron\n" in printed
    assert ([trial.objects(kind) for kind in kinds], trial.tasks(), trial.specification("app")) == before
    trial.whole("one")


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("crashes", "no module named exampleapp.missing"),
        ("unhealthy", "status 503, and never healthy"),
        ("exits", "the rollout of app failed"),
        ("liar", "status 200, release somebody-else"),
    ],
)
def test_broken_release_goes_back(trial: Trial, behaviour: str, why: str) -> None:
    # Longer than the release lasts that exits after ten seconds.
    trial.configure(MONITOR="14s" if behaviour == "exits" else "2s")

    printed = trial.deploy(behaviour, behaviour, code=ROLLED_BACK)

    assert why in printed
    assert "(one) runs again" in printed
    assert f"rolled back     {behaviour}" in trial.swarm("releases")
    trial.whole("one")


def test_migration_that_fails_touches_nothing(trial: Trial) -> None:
    before = trial.tasks()

    printed = trial.deploy("two", "migration-fails", code=REFUSED)

    assert 'why:   django.db.utils.ProgrammingError: column "price" already exists' in printed
    assert trial.tasks() == before
    trial.whole("one")


def test_image_that_does_not_exist(trial: Trial) -> None:
    printed = trial.swarm("deploy", "--image=127.0.0.1:1/nothing:1", code=REFUSED)

    assert "image 127.0.0.1:1/nothing:1 cannot be used" in printed
    trial.whole("one")


def test_task_that_no_node_can_take(trial: Trial) -> None:
    trial.configure(APP_RESERVATION="900G", APP_LIMIT="901G")

    printed = trial.swarm("deploy", f"--image={trial.release('two')}", code=REFUSED)

    # The migration needs the same room: nothing has to be undone.
    assert "no suitable node (insufficient resources" in printed
    trial.whole("one")


def test_proxy_configuration_that_nginx_rejects(trial: Trial) -> None:
    file = trial.project / "deploy/proxy/limits.conf"
    good = file.read_text(encoding="utf-8")
    before = trial.tasks()
    file.write_text(good + "limit_nonsense on;\n", encoding="utf-8")
    try:
        printed = trial.deploy("two", code=REFUSED)
    finally:
        file.write_text(good, encoding="utf-8")

    assert 'unknown directive "limit_nonsense"' in printed
    assert trial.tasks() == before
    trial.whole("one")


def test_proxy_configuration_that_the_running_nginx_refuses(trial: Trial) -> None:
    # It is right by itself, and cannot follow what runs: a limit may not count by something else.
    file = trial.project / "deploy/proxy/limits.conf"
    good = file.read_text(encoding="utf-8")
    before = trial.tasks("proxy")
    changed = good.replace(COUNTED, "$server_name zone=alive")
    assert changed != good
    file.write_text(changed, encoding="utf-8")
    try:
        printed = trial.deploy("one", code=ROLLED_BACK)
    finally:
        file.write_text(good, encoding="utf-8")

    assert "nginx on this node does not serve it" in printed
    assert trial.tasks("proxy") == before
    # A proxy that starts now takes what was there before.
    assert COUNTED in published(trial)
    trial.whole("one")


def published(trial: Trial) -> str:
    """Return the limits that a new proxy on this node would start with."""
    return docker("exec", trial.container("proxy"), "cat", "/var/lib/site/current/limits.conf").stdout


def test_change_of_the_proxy_is_rolled_out_and_pruned_later(trial: Trial) -> None:
    file = trial.project / "deploy/proxy/maintenance.html"
    good = file.read_text(encoding="utf-8")
    before = trial.tasks("proxy")
    file.write_text(good + "<!-- another one -->\n", encoding="utf-8")
    try:
        trial.deploy("one")
        assert trial.tasks("proxy") == before
        page = ("exec", trial.container("proxy"), "cat", "/etc/nginx/maintenance.html")
        assert "another one" in docker(*page).stdout
        pages = {name for name in trial.objects("config") if "_maintenance_page_" in name}
        assert len(pages) == 2
    finally:
        file.write_text(good, encoding="utf-8")

    trial.swarm("deploy", f"--image={trial.release('one')}", "--keep=1")
    assert len({name for name in trial.objects("config") if "_maintenance_page_" in name}) == 1
    trial.whole("one")


def test_running_stack_moves_to_encrypted_networks_and_back(trial: Trial) -> None:
    trial.configure(OVERLAY="trial,encrypted")
    printed = trial.deploy("two")

    assert "services that change: app, cron, db, proxy, redis, site\n" in printed
    trial.whole("two")
    for network in ("frontend", "backend"):
        options = "--format={{json .Options}} {{len .Containers}}"
        told = docker("network", "inspect", options, f"{trial.name}_{network}_encrypted").stdout
        assert '"encrypted":"true"' in told
        assert int(told.split()[-1]) >= 3

    trial.configure()
    trial.deploy("one")
    trial.whole("one")


def test_image_for_another_processor_is_refused(trial: Trial) -> None:
    tag = f"{trial.name}:foreign"
    trial.images.append(tag)
    empty = "tar --create --files-from=/dev/null"
    run(["sh", "-c", f"{empty} | docker import --platform=linux/s390x - {tag}"])
    before = trial.tasks()

    printed = trial.swarm("deploy", f"--image={tag}", code=REFUSED)

    assert "is for linux/s390x" in printed
    assert trial.tasks() == before
