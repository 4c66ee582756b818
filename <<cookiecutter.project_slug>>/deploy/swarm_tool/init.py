"""Prepare a swarm for an environment; what is there already is left as it is."""

from __future__ import annotations

from . import preflight, secret
from .environment import Environment
from .outcome import Problem, say


def prepare(environment: Environment, database_node: str | None, public: str | None, key: str | None) -> None:
    """Label the database's node and make the secrets that are missing, with a certificate from two PEM files.

    Without a node there must be one candidate, without files the certificate is self-signed. Raises Problem
    when the engine is no manager, the node is not clear, or a value is missing.
    """
    if bool(public) != bool(key):
        raise Problem("--certificate and --key belong together", "one of them is missing", "give both, or none")
    preflight.check_engine(environment.docker)
    _label_node(environment, database_node)
    have = secret.newest(environment)
    for name in secret.known(environment):
        if name in have:
            say(f"found: secret {name}, version {have[name]}")
        elif name in ("tls_certificate", "tls_key") or name in secret.DERIVED.values():
            continue
        else:
            secret.put(environment, name, _first_value(name))
    for name in secret.missing_placeholders(environment):
        secret.create(environment, name, secret.generate())
    if not {"tls_certificate", "tls_key"} <= set(have):
        pair = (secret.read("tls_certificate", public), secret.read("tls_key", key)) if key else None
        if not pair:
            say("       the certificate is self-signed: browsers will warn")
        for name, value in zip(
            ("tls_certificate", "tls_key"), pair or secret.self_signed(environment.settings["DOMAIN"])
        ):
            secret.put(environment, name, value)
    say(f"{environment.name} is ready: deploy/swarm deploy {environment.name} --image IMAGE")


def _first_value(name: str) -> str:
    if name in secret.STARTING:
        say(f"       {name} is {secret.STARTING[name]} until you `secret set` another")
        return secret.STARTING[name]
    return secret.generate() if secret.RANDOM.fullmatch(name) else secret.read(name, None)


def _label_node(environment: Environment, wanted: str | None) -> None:
    label = f"{environment.stack}.database"
    labelled, hosts = preflight.database_nodes(environment), sorted(preflight.nodes(environment.docker))
    if len(labelled) == 1 and wanted in (None, labelled[0]):
        say(f"found: node {labelled[0]} carries {label}=true")
        return
    if labelled or wanted not in (hosts if len(hosts) > 1 else [None, *hosts]):
        why = f"nodes: {', '.join(hosts)}; labelled {label}=true: {', '.join(labelled) or 'none'}"
        remedy = f"name one with --database-node; `docker node update --label-rm {label} NODE` takes a label away"
        raise Problem("which node keeps the database is not clear", why, remedy)
    environment.docker.text("node", "update", "--label-add", f"{label}=true", wanted or hosts[0])
    say(f"made:  label {label}=true on node {wanted or hosts[0]}")
