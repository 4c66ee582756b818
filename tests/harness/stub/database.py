"""Log in to the database with the address in the secret."""

from pathlib import Path

import psycopg

ADDRESS = Path("/run/secrets/database_uri")


def answers() -> bool:
    """Log in anew, as a replica without a spare connection has to."""
    try:
        psycopg.connect(ADDRESS.read_text(), connect_timeout=3).close()
    except psycopg.Error as error:
        print(f"database: {error}", flush=True)
        return False
    return True
