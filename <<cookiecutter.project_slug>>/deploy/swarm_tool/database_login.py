"""Replace the database's password without a gap.

PostgreSQL knows one password for a role, and replicas of two releases run side by side. So each version of the
password has a login of its own, a member of the role that owns the data:

1. `secret set database_password` makes the next version, and an address with the next login in it.
2. The next deploy makes that login before anything is rolled out. The old one stays valid.
3. The rollout replaces the replicas; both logins work while it lasts, and after a rollback.
4. When no kept release uses the old login any more it is removed: after five deploys, or with `--keep 1`.

The functions that do it are made by deploy/configs/all/database.sql, with the database.
"""

from __future__ import annotations

from .docker import Json
from .environment import Environment
from .outcome import Problem
from .secret import login
from .stack import secrets_of
from .tasks import definition, run

# Seconds for a task that runs a few statements.
DEADLINE = 60.0
# Passwords stay in files, and in the environment of the one client that logs in; they never become arguments.
SCRIPT = r"""
set -eu
ask() {
    printf '%s\n' "$3" | PGPASSWORD=$(cat "/run/secrets/$2") psql --quiet --tuples-only --no-password \
        --set ON_ERROR_STOP=1 --host db --username "$1" --dbname "$DATABASE"
}
# The owner has a password only in a database that was made anew, from its first version.
ask "$LOGIN" login_password "$STATEMENT" || ask "$DATABASE" owner_password "$STATEMENT"
# What a login makes has to belong to the owner, so that the next login may change it.
[ "$NEW" = "$DATABASE" ] || ask "$NEW" new_password "ALTER ROLE CURRENT_USER SET role = '$DATABASE'"
"""
MAKE = r"""
\set password `cat /run/secrets/new_password`
SELECT make_login({version}, :'password');
"""


def is_new(environment: Environment, stack: Json, running: Json) -> bool:
    """Tell whether a stack logs in with a version of the password that what runs does not."""
    return _version(environment, stack) not in (1, _version(environment, running) if running else 1)


def make(environment: Environment, stack: Json, running: Json) -> None:
    """Make the login of a stack, asking as what runs; raise Problem when the database refuses."""
    version = _version(environment, stack)
    _ask(environment, running, version, MAKE.format(version=version))


def keep_only(environment: Environment, running: Json, kept: list[Json]) -> None:
    """Remove the logins that no kept stack uses; raise Problem when the database refuses."""
    versions = sorted({_version(environment, stack) for stack in kept})
    _ask(environment, running, _version(environment, running), f"SELECT keep_logins(ARRAY{versions});")


def _version(environment: Environment, stack: Json) -> int:
    return secrets_of(environment.stack, stack).get("database_uri", ("", 1))[1]


def _ask(environment: Environment, running: Json, version: int, statement: str) -> None:
    current = _version(environment, running)
    mounted = {
        "login_password": f"{environment.stack}_database_password_{current}",
        "owner_password": running["secrets"]["database_password"]["name"],
        "new_password": f"{environment.stack}_database_password_{version}",
    }
    changes = {
        "entrypoint": ["/bin/sh"],
        "command": ["-c", SCRIPT],
        "environment": {
            "DATABASE": environment.database,
            "LOGIN": login(environment, current),
            "NEW": login(environment, version),
            "STATEMENT": statement,
        },
        "secrets": [{"source": key} for key in mounted],
        "configs": [],
        "volumes": [],
    }
    stack = {**running, "secrets": {key: {"external": True, "name": name} for key, name in mounted.items()}}
    task = definition(environment, stack, "db", changes)
    # It talks to the database over the network: it need not be where the files are.
    task["services"]["task"]["deploy"].pop("placement", None)
    result = run(environment, task, "login", DEADLINE)
    if result.exit_code:
        raise Problem("the database's login was not changed", result.output, "see deploy/configs/all/database.sql")
