"""One plain HTTP request to a server on this machine."""

from http.client import HTTPConnection, HTTPException

from tests.harness.site import Answer


def get(port: int, path: str, headers: dict[str, str] | None = None, *, timeout: float = 10) -> Answer:
    """Ask 127.0.0.1 for `path`. `timeout` is in seconds. Raises OSError when nothing answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    except HTTPException as error:
        raise OSError(f"no HTTP answer: {error!r}") from error
    finally:
        connection.close()
