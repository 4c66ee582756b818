"""Wait, for 30 seconds, until something listens at HOST:PORT."""

import contextlib
import socket
import sys
import time

host, _, port = sys.argv[1].partition(":")
for _attempt in range(60):
    with contextlib.suppress(OSError):
        socket.create_connection((host, int(port)), timeout=1).close()
        sys.exit()
    time.sleep(0.5)
sys.exit(f"nothing listens at {host}:{port}")
