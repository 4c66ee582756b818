"""rollback: to any kept release, and only where it can end well."""

from typing import Any

import pytest
import yaml

from lab.docker import docker
from tests.harness.trial import Trial

pytestmark = pytest.mark.swarm

REFUSED = 3


def number(trial: Trial, release: str) -> str:
    """Return the number under which a release is listed last."""
    lines = [line.split() for line in trial.swarm("releases").splitlines()]
    return [words[0] for words in lines if words[2:4] == ["good", release]][-1]


def test_rollback_to_the_release_before_last(trial: Trial) -> None:
    trial.deploy("one")
    wanted = number(trial, "one")
    trial.deploy("two", "migrates")
    trial.deploy("three")

    printed = trial.swarm("rollback", wanted)

    assert f"to release {wanted} (one)" in printed
    assert "WARNING: migrations were applied since, and stay applied: shop.0002_price" in printed
    assert trial.swarm("releases").splitlines()[-1].split()[2:7] == ["good", "one", "rollback", "to", wanted]
    trial.whole("one")


def test_rollback_without_a_name_goes_to_the_one_before(trial: Trial) -> None:
    trial.deploy("one")
    trial.deploy("two")

    trial.swarm("rollback")

    trial.whole("one")


def test_rollback_to_an_unknown_release(trial: Trial) -> None:
    before = trial.tasks()

    printed = trial.swarm("rollback", "nonsense", code=REFUSED)

    assert "there is no release nonsense to go back to" in printed
    assert "kept: " in printed
    assert trial.tasks() == before
    trial.whole("one")


def test_rollback_to_an_image_that_is_gone(trial: Trial) -> None:
    gone = trial.release("gone")
    trial.swarm("deploy", f"--image={gone}")
    trial.deploy("one")
    wanted = number(trial, "gone")
    remove_image(gone)
    before = trial.tasks()

    printed = trial.swarm("rollback", wanted, code=REFUSED)

    assert "cannot be used" in printed
    assert trial.tasks() == before
    trial.whole("one")


def remove_image(tag: str) -> None:
    """Remove an image with the containers that still refer to it."""
    containers = docker("ps", "--all", "--quiet", "--filter", f"ancestor={tag}").stdout.split()
    docker("rm", "--force", *containers)
    docker("image", "rm", "--force", tag)


def test_rollback_to_a_secret_that_is_gone(trial: Trial) -> None:
    trial.deploy("one")
    wanted = number(trial, "one")
    used = {
        secret["SecretName"]
        for secret in trial.specification("app")["TaskTemplate"]["ContainerSpec"]["Secrets"]
        if "_cron_api_key_" in secret["SecretName"] and not secret["SecretName"].endswith("_0")
    }
    # Twice, since the key before the current one is still in use.
    for _ in range(2):
        trial.swarm("secret", "set", "cron_api_key", "--generate")
        trial.deploy("one")
    docker("secret", "rm", *used)
    before = trial.tasks()

    printed = trial.swarm("rollback", wanted, code=REFUSED)

    assert f"the swarm has no {min(used)}" in printed
    assert trial.tasks() == before
    trial.whole("one")


def test_service_that_a_release_no_longer_has_is_removed(trial: Trial) -> None:
    overlay = trial.project / "deploy/stack.trial.yml"
    good = overlay.read_text(encoding="utf-8")
    changed = yaml.safe_load(good)
    changed["services"]["extra"] = second_scheduler(trial)
    overlay.write_text(yaml.safe_dump(changed), encoding="utf-8")
    try:
        printed = trial.deploy("one")
        assert "services that change: extra\n" in printed
        assert f"{trial.name}_extra" in trial.objects("service")
    finally:
        overlay.write_text(good, encoding="utf-8")

    assert "removed extra" in trial.deploy("one")
    assert f"{trial.name}_extra" not in trial.objects("service")
    trial.whole("one")


def second_scheduler(trial: Trial) -> dict[str, Any]:
    """Return a service like cron, as one file has to say it."""
    text = (trial.project / "deploy/stack.yml").read_text(encoding="utf-8")
    cron: dict[str, Any] = yaml.safe_load(text)["services"]["cron"]
    cron["deploy"]["update_config"]["monitor"] = "2s"
    cron["deploy"]["resources"]["limits"]["memory"] = "64M"
    cron["deploy"]["resources"]["reservations"] = {"memory": "64M"}
    return cron
