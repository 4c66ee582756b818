"""Secrets and the certificate are replaced without a gap, and shown to nobody."""

import subprocess
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from lab.command import run
from lab.docker import docker
from tests.harness.certificate import make_certificate
from tests.harness.trial import DOMAIN, Trial, label

pytestmark = pytest.mark.swarm

REFUSED = 3
# All signs of ASCII, and some that are none.
HOSTILE = "".join(map(chr, range(32, 127))) + "\té\n👋"


def test_missing_secret_is_named(trial: Trial) -> None:
    overlay = trial.project / "deploy/stack.trial.yml"
    good = overlay.read_text(encoding="utf-8")
    name = f"{trial.name}_payment_token_1"
    extra = f"secrets:\n  payment_token:\n    external: true\n    name: {name}\n"
    overlay.write_text(
        good.replace("  app:\n", "  app:\n    secrets: [payment_token]\n", 1) + extra, encoding="utf-8"
    )
    try:
        assert f"the swarm has no {name}" in trial.deploy("one", code=REFUSED)
        # Only its owner knows it: init cannot make it up, and gets it from nowhere here.
        assert "payment_token was not set" in trial.swarm("init", code=REFUSED)
        trial.swarm("secret", "set", "payment_token", "--from-file=-", stdin="known-to-its-owner\n")
        trial.deploy("one")
    finally:
        overlay.write_text(good, encoding="utf-8")
    trial.deploy("one")
    trial.whole("one")


def test_new_key_is_used_by_the_next_deploy(trial: Trial) -> None:
    before = trial.tasks("app")
    trial.swarm("secret", "set", "secret_key", "--generate")
    assert trial.tasks("app") == before

    trial.deploy("one")

    used = app_secrets(trial)
    made = {name for name in trial.objects("secret") if "_secret_key_" in name}
    assert len(made) > 1
    assert max(made, key=version) in used
    trial.whole("one")


def test_hostile_passwords_are_used_by_the_next_deploy(trial: Trial) -> None:
    for name in ("database_password", "redis_password"):
        trial.swarm("secret", "set", name, "--from-file=-", stdin=HOSTILE)
    trial.deploy("one")

    # As the app's address has it.
    log_in = ("redis-cli", "--no-auth-warning", "--pass", quote_plus(HOSTILE), "ping")
    assert docker("exec", trial.container("redis"), *log_in).stdout == "PONG\n"
    trial.whole("one")


def test_wrong_database_password_reaches_no_replica(trial: Trial) -> None:
    # Somebody changed it in the database alone: the login that is to be used does not open any more.
    before = trial.tasks("app")
    trial.swarm("secret", "set", "database_password", "--generate")
    trial.deploy("one")
    (current,) = [name for name in app_secrets(trial) if "_database_uri_" in name]
    role = f"exampleapp_{version(current)}"
    before = trial.tasks("app")
    right = trial.sql(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'")  # noqa: S608
    trial.sql(f"ALTER ROLE {role} PASSWORD 'another'")
    try:
        printed = trial.deploy("two", code=REFUSED)
    finally:
        trial.sql(f"ALTER ROLE {role} PASSWORD '{right}'")

    assert "the database refuses us" in printed
    assert trial.tasks("app") == before
    trial.deploy("one")
    trial.whole("one")


def test_certificate_is_replaced_and_a_client_sees_it(trial: Trial, tmp_path: Path) -> None:
    old, proxy = trial.take_certificate(), trial.tasks("proxy")
    made = make_certificate(tmp_path, DOMAIN)
    trial.swarm("secret", "set", "tls_certificate", f"--from-file={made.certificate}")
    trial.swarm("secret", "set", "tls_key", f"--from-file={made.key}")
    assert trial.take_certificate() == old
    assert "waits for the next deploy" in trial.swarm("certificate")

    printed = trial.deploy("one")

    assert "services that change: site\n" in printed
    assert trial.swarm("certificate").splitlines()[-1].split() == ["shown:", "yes"]
    assert trial.take_certificate() == made.certificate.read_text(encoding="ascii") != old
    assert trial.tasks("proxy") == proxy
    trial.whole("one")


def test_key_of_another_certificate_is_found_before_the_rollout(trial: Trial, tmp_path: Path) -> None:
    made = make_certificate(tmp_path, DOMAIN)
    before = trial.tasks("proxy", "site")
    trial.swarm("secret", "set", "tls_key", f"--from-file={made.key}")
    try:
        printed = trial.deploy("one", code=REFUSED)
    finally:
        trial.swarm("secret", "set", "tls_certificate", f"--from-file={made.certificate}")

    assert "key values mismatch" in printed
    assert trial.tasks("proxy", "site") == before


@pytest.mark.parametrize(("end", "what"), [("20200102000000Z", "has expired"), ("", "is about to expire")])
def test_certificate_that_ends(trial: Trial, tmp_path: Path, end: str, what: str) -> None:
    made = make_certificate(tmp_path, DOMAIN, days=1)
    if end:
        expire(made.certificate, made.key, end)
    before = trial.tasks()
    trial.swarm("secret", "set", "tls_certificate", f"--from-file={made.certificate}")
    trial.swarm("secret", "set", "tls_key", f"--from-file={made.key}")
    try:
        assert f"the certificate {what}" in trial.deploy("two", code=REFUSED)
        assert trial.tasks() == before
        assert trial.answers() == "one"
    finally:
        good = make_certificate(tmp_path, DOMAIN)
        trial.swarm("secret", "set", "tls_certificate", f"--from-file={good.certificate}")
        trial.swarm("secret", "set", "tls_key", f"--from-file={good.key}")


def test_no_labelled_node(trial: Trial) -> None:
    label(trial.name, remove_it=True)
    try:
        assert "labelled: none" in trial.deploy("two", code=REFUSED)
    finally:
        assert "made:  label" in trial.swarm("init")
    trial.whole("one")


def test_values_are_seen_by_nobody(trial: Trial) -> None:
    value = "a-value-that-nobody-may-see"
    trial.swarm("secret", "set", "cron_api_key", "--from-file=-", stdin=value)
    printed = trial.deploy("one")

    described = "".join(
        docker(kind, "inspect", *trial.objects(kind)).stdout for kind in ("secret", "config", "service")
    )
    tasks = docker("stack", "ps", "--quiet", "--no-trunc", trial.name).stdout.split()
    containers = [trial.container(service) for service in ("app", "proxy", "db", "redis")]
    described += docker("inspect", *tasks, *containers).stdout
    for text in (described, printed, trial.swarm("logs"), trial.swarm("secret", "list")):
        assert value not in text
    assert subprocess.run(["grep", "-rq", value, trial.project], check=False).returncode == 1


def app_secrets(trial: Trial) -> set[str]:
    """Return the full names of the secrets that the app uses."""
    found = trial.specification("app")["TaskTemplate"]["ContainerSpec"]["Secrets"]
    return {secret["SecretName"] for secret in found}


def version(full_name: str) -> int:
    return int(full_name.rpartition("_")[2])


def expire(certificate: Path, key: Path, end: str) -> None:
    """Sign a certificate anew that ended long ago; only `openssl ca` takes dates."""
    folder = certificate.parent
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01\n", encoding="ascii")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=x\n[x]\ndatabase={folder}/index.txt\nserial={folder}/serial\nnew_certs_dir={folder}\n"
        "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n",
        encoding="ascii",
    )
    request = run(["openssl", "req", "-new", "-key", str(key), "-subj", f"/CN={DOMAIN}"]).stdout
    (folder / "request.pem").write_text(request, encoding="ascii")
    dates = ["-startdate", "20200101000000Z", "-enddate", end]
    sign = ["openssl", "ca", "-batch", "-selfsign", "-notext", "-config", f"{folder}/ca.cnf"]
    run([*sign, *dates, "-keyfile", str(key), "-in", f"{folder}/request.pem", "-out", str(certificate)])
