"""Log in as the app does, with the libraries of its image: the tests run this with their Python.

Each line of standard input is a JSON object: `kind` (postgres or redis), `uri` as it is in the secret, and
the `address` at which its server is reached from here. The answer is a line each: `in`, or why not. The
Redis server takes its password from `set` first, where that is given.
"""

import json
import sys

import environ
import psycopg2
import redis


def postgres(uri: str, address: str) -> None:
    """Connect like Django with the settings that django-environ reads from the address."""
    found = environ.Env().db_url_config(uri)
    psycopg2.connect(
        host=address, dbname=found["NAME"], user=found["USER"], password=found["PASSWORD"], connect_timeout=5
    ).close()


def cache(uri: str, address: str, password: str | None) -> None:
    """Connect like Django's cache, which leaves it to the library to read the address."""
    if password is not None:
        admin = redis.Redis(host=address, username="admin", password="admin")
        admin.execute_command("ACL", "SETUSER", "default", "resetpass", f">{password}")
    client = redis.from_url(uri.replace("@redis:", f"@{address}:"), socket_timeout=5)
    client.ping()
    client.close()


for line in sys.stdin:
    asked = json.loads(line)
    try:
        if asked["kind"] == "postgres":
            postgres(asked["uri"], asked["address"])
        else:
            cache(asked["uri"], asked["address"], asked.get("set"))
        print("in", flush=True)
    except Exception as error:
        print(f"{type(error).__name__}: {' '.join(str(error).split())}", flush=True)
