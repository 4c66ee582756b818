"""Tell Docker whether this replica is healthy: exit code 0 or 1.

Until /api/alive has once answered 200, the replica is not healthy: a release that cannot reach its
database never takes traffic. After that any answer will do, a 503 too: restarting every replica cures
no outage of the database. No answer at all means that the app hangs, and a restart may help.

It runs every few seconds in every replica, so it speaks HTTP by hand: importing a client takes
longer than the question.
"""

import os
import socket
import sys

ADDRESS = ("127.0.0.1", 8000)
# Longer than a database that vanished without a word holds up the requests before ours (10 s on an
# open connection), shorter than the HEALTHCHECK's time-out, so that `docker inspect` shows the reason.
SECONDS = 14
# In memory and gone with the container, also where the root file system can be written.
SEEN_ALIVE = "/dev/shm/seen-alive"


def ask(domain: str) -> str:
    """Return the whole answer of /api/alive, status line first.

    `domain` is a name that the app accepts as Host. Raises OSError when nothing answers in time.
    """
    request = (
        f"GET /api/alive HTTP/1.1\r\nHost: {domain}\r\n"
        # The app redirects what did not come through https to the proxy.
        "X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(ADDRESS, timeout=SECONDS) as connection:
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    if not answer:
        raise OSError("the connection was closed")
    return answer.decode()


def main() -> int:
    """Ask once, print the answer, return the exit code."""
    try:
        answer = ask(os.environ["DOMAIN"])
    except OSError as error:
        print(f"no answer from /api/alive: {error}")
        return 1
    print(answer)
    if answer.split(maxsplit=2)[1] == "200":
        open(SEEN_ALIVE, "w").close()
    return 0 if os.path.exists(SEEN_ALIVE) else 1


sys.exit(main())
