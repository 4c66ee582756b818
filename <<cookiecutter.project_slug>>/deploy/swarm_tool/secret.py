"""Secrets: each version is made once and never changed; values go through standard input alone."""

from __future__ import annotations

import getpass
import re
import secrets
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote, quote_plus

from .docker import Json
from .environment import Environment
from .outcome import Problem, say
from .stack import names, secrets_of, split_version

# What is made from a password, and always together with it.
DERIVED = {"database_password": "database_uri", "redis_password": "redis_uri"}
# Secrets that may be any random text; others are known to their owner alone.
RANDOM = re.compile(r"secret_key|\w+_password|\w+_api_key")
# What `init` gives a secret that the site can do without: e-mails are printed among the logs.
STARTING = {"email_uri": "consolemail://"}
# The longest password, in characters: the task that makes a login has it in one variable of its environment.
LONGEST_PASSWORD = 10_000
# What PostgreSQL takes for the hash of a password (src/backend/libpq/crypt.c, auth-scram.c).
HASH = re.compile(r"md5[0-9a-f]{32}|SCRAM-SHA-256\$\d+:[^$]+\$[^:]+:.+")
# Days that a self-signed certificate lasts: long enough to get a real one.
SELF_SIGNED_DAYS = 90
# Seconds for openssl, which makes a key in less than one.
OPENSSL_TIMEOUT = 60.0


def versions(environment: Environment) -> dict[str, list[int]]:
    """Return the versions that the swarm has of each secret of an environment, oldest first."""
    found: dict[str, list[int]] = {}
    for full_name in environment.docker.names("secret"):
        parts = split_version(environment.stack, full_name)
        if parts:
            found[parts[0]] = sorted([*found.get(parts[0], []), parts[1]])
    return dict(sorted(found.items()))


def newest(environment: Environment) -> dict[str, int]:
    """Return the newest version of each secret; of a password, the newest whose address was made as well."""
    found = versions(environment)
    for source, derived in DERIVED.items():
        # The command that makes both may have been killed in between.
        both = sorted(set(found.get(source, [])) & set(found.get(derived, [])))
        found.update({source: both, derived: both})
    return {name: numbers[-1] for name, numbers in found.items() if numbers}


def known(environment: Environment) -> list[str]:
    """Return the names of the secrets that the stack files use."""
    return sorted({name for name, _ in secrets_of(environment.stack, environment.sketch()).values()})


def missing_placeholders(environment: Environment) -> list[str]:
    """Return the full names of the versions 0 that the stack files use, and the swarm lacks."""
    used = secrets_of(environment.stack, environment.sketch()).values()
    wanted = {f"{environment.stack}_{name}_0" for name, version in used if version == 0}
    return sorted(wanted - set(environment.docker.names("secret")))


def generate() -> str:
    """Return a random text of 256 bits that needs no quoting in an address."""
    return secrets.token_urlsafe(32)


def read(name: str, file: str | None) -> str:
    """Read a value from a file, from standard input (`-`, or what is piped in), or from a person."""
    try:
        if file not in (None, "-"):
            text = Path(str(file)).read_bytes().decode()
        else:
            piped = not sys.stdin.isatty() or file
            text = sys.stdin.buffer.read().decode() if piped else getpass.getpass(f"{name}: ")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("the value cannot be read", str(error), "give a text file that you may read") from None
    # An editor ends a file with a newline that is no part of a password.
    return text if "-----BEGIN" in text and name not in DERIVED else text.rstrip("\r\n")


def put(environment: Environment, name: str, value: str) -> None:
    """Make a new version of a secret, and of what is derived from it; raise Problem when it does not fit."""
    if name not in known(environment):
        raise Problem(f"no secret is called {name}", f"used are: {', '.join(known(environment))}", "name one of these")
    for source, derived in DERIVED.items():
        if name == derived:
            raise Problem(f"{name} is not set by itself", f"it is made from {source}", f"set {source} instead")
    if not value:
        raise Problem(f"{name} was not set", "the value is empty", "give a value, or --generate")
    why = cannot_work(name, value) if name in DERIVED else ""
    if why:
        raise Problem(f"{name} was not set", why, "choose another, or --generate")
    have = versions(environment)
    version = max([0, *have.get(name, []), *have.get(DERIVED.get(name, ""), [])]) + 1
    values = {name: value}
    if name == "database_password":
        user, database = login(environment, version), environment.database
        values["database_uri"] = f"postgres://{user}:{quote(value, safe='')}@db:5432/{database}"
    if name == "redis_password":
        # What redis.conf makes of it: without signs that mean something there.
        password = quote_plus(value)
        values["redis_uri"] = f"redis://:{quote(password, safe='')}@redis:6379/0"
    for key, text in values.items():
        labels = {}
        if key == "tls_certificate":
            end, fingerprint = describe_certificate(text)
            labels = {"not-after": end.isoformat(), "fingerprint": fingerprint, **certificate_origin(text)}
        create(environment, f"{environment.stack}_{key}_{version}", text, labels)


def cannot_work(name: str, password: str) -> str:
    """Return why a password cannot work; nothing when it can."""
    if "\0" in password:
        return "it contains NUL, and every program takes that for its end"
    if password.endswith("\n"):
        return "it ends with a newline, which a shell takes away"
    if len(password) > LONGEST_PASSWORD:
        return f"it has {len(password)} characters; {LONGEST_PASSWORD} are possible"
    if name == "database_password" and HASH.fullmatch(password):
        return "PostgreSQL takes it for a hash, and would let only the password behind it in"
    return ""


def create(environment: Environment, full_name: str, value: str, labels: dict[str, str] | None = None) -> None:
    """Make a secret."""
    environment.docker.create("secret", full_name, value, {"stack": environment.stack, **(labels or {})})
    say(f"made:  secret {full_name}; the next deploy uses it")


def login(environment: Environment, version: int) -> str:
    """Return the database role that a version of the password belongs to; see database_login.py."""
    return environment.database if version == 1 else f"{environment.database}_{version}"


def certificate_labels(environment: Environment, stack: Json) -> dict[str, str]:
    """Return what is known of a stack's certificate: `deploy.not-after`, `.fingerprint`, `.names` and `.issuer`."""
    name = stack.get("secrets", {}).get("tls_certificate", {}).get("name")
    found = environment.docker.inspect("secret", [name] if name else [])
    return (found[0]["Spec"].get("Labels") or {}) if found else {}


def unused(environment: Environment, kept: list[Json], running: Json) -> list[str]:
    """Return the full names of the versions that no kept stack uses and that do not wait for a deploy."""
    stack_name = environment.stack
    used = set().union(*(names(stack, "secrets") for stack in kept))
    current = dict(sorted(secrets_of(stack_name, running).values()))
    # A password lives as long as what is derived from it, even where nothing mounts it.
    for source, derived in DERIVED.items():
        current[source] = max(current.get(source, 0), current.get(derived, 0))
        used |= {full_name.replace(f"{stack_name}_{derived}_", f"{stack_name}_{source}_") for full_name in used}
    return [
        f"{stack_name}_{name}_{number}"
        for name, numbers in versions(environment).items()
        for number in numbers
        if 0 < number < current.get(name, 0) and f"{stack_name}_{name}_{number}" not in used
    ]


def describe_certificate(certificate: str) -> tuple[datetime, str]:
    """Return when a certificate in PEM format ends, and its SHA-256; of a chain the first one counts.

    Raises Problem when it is none, or there is no openssl.
    """
    told = _openssl(
        "this is no certificate", "x509", "-noout", "-enddate", "-fingerprint", "-sha256", value=certificate
    )
    # Two lines such as `notAfter=Nov 24 04:38:08 2036 GMT` and `sha256 Fingerprint=0A:1B:…`.
    found = dict(line.split("=", 1) for line in told.lower().splitlines())
    end = datetime.strptime(found["notafter"], "%b %d %H:%M:%S %Y gmt").replace(tzinfo=timezone.utc)
    return end, found["sha256 fingerprint"].replace(":", "")


def certificate_origin(certificate: str) -> dict[str, str]:
    """Return the `names` in a certificate and its `issuer`, each as one line of text."""
    options = ["-noout", "-issuer", "-nameopt", "RFC2253", "-ext", "subjectAltName"]
    told = _openssl("this is no certificate", "x509", *options, value=certificate)
    issuer = told.partition("issuer=")[2].partition("\n")[0].strip()
    return {"names": " ".join(re.findall(r"(?:DNS|IP Address):([^,\s]+)", told)), "issuer": issuer}


def self_signed(domain: str) -> tuple[str, str]:
    """Make a certificate for a domain with openssl, and its key, which never is in a file; both PEM text.

    Raises Problem when there is no openssl, or it refuses the domain.
    """
    options = ["req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", str(SELF_SIGNED_DAYS)]
    options += ["-subj", f"/CN={domain}", "-addext", f"subjectAltName=DNS:{domain}"]
    made = _openssl("no self-signed certificate was made", *options, "-keyout", "/dev/stdout", "-out", "/dev/stdout")
    key, begin, certificate = made.partition("-----BEGIN CERTIFICATE-----")
    return begin + certificate, key


def _openssl(what: str, *arguments: str, value: str = "") -> str:
    """Run openssl with a text on standard input, and return what it prints; raise Problem, `what`, when it fails."""
    try:
        done = subprocess.run(
            ["openssl", *arguments], input=value.encode(), capture_output=True, timeout=OPENSSL_TIMEOUT, check=True
        )
    except subprocess.CalledProcessError as error:
        raise Problem(what, error.stderr.decode(errors="replace"), "give PEM files, or another name") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem("openssl does not answer", str(error), "install openssl") from None
    return done.stdout.decode(errors="replace")
