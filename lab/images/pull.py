"""Pull an image, and do not wait long for a registry that does not answer."""

import select
import subprocess

# Seconds until the client has said anything, and for the whole download.
ANSWER_SECONDS = 10
DOWNLOAD_SECONDS = 600


def pull(name: str) -> str | None:
    """Pull an image. Return None when it worked, else why it did not, in one line."""
    command = ["docker", "pull", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as client:
        assert client.stdout is not None
        answered, _, _ = select.select([client.stdout], [], [], ANSWER_SECONDS)
        try:
            output, _ = client.communicate(timeout=DOWNLOAD_SECONDS if answered else 0)
        except subprocess.TimeoutExpired:
            client.kill()
            return "the registry is too slow" if answered else f"no answer within {ANSWER_SECONDS} s"
    return None if client.returncode == 0 else output.strip().splitlines()[-1]
