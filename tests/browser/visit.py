"""A browser's visit to the site, with all that went wrong in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response, ViewportSize

WIDE = ViewportSize(width=1280, height=800)
NARROW = ViewportSize(width=360, height=740)


# Chromium drops its connections, those to this machine too, whenever a network interface comes or
# goes, and each container that somebody starts or stops brings or takes one.
INTERRUPTED = "ERR_NETWORK_CHANGED"
# By then Chromium may be on its way to a page of its own, or to ours again.
CROSSED = "interrupted by another navigation"
ATTEMPTS = 10


@dataclass
class Visit:
    """A page of a browser context of its own. `problems` holds what a user's console would show."""

    page: Page
    problems: list[str] = field(default_factory=list)
    _interrupted: bool = False

    def open(self, path: str) -> Response:
        """Load the page at `path` and all that belongs to it, again when the network was interrupted."""
        for _ in range(ATTEMPTS):
            self._interrupted = False
            try:
                response = self.page.goto(path)
            except Error as error:
                if INTERRUPTED not in error.message and CROSSED not in error.message:
                    raise
            else:
                if response and not self._interrupted:
                    return response
        raise AssertionError(f"{path}: {INTERRUPTED} in each of {ATTEMPTS} attempts")

    def problems_but(self, *expected: str) -> list[str]:
        """Return the problems that contain none of the `expected` words."""
        return [problem for problem in self.problems if not any(word in problem for word in expected)]

    def note_message(self, message: ConsoleMessage) -> None:
        """Keep what the console shows; violations of the Content-Security-Policy are among it."""
        if message.type in {"error", "warning"} and INTERRUPTED not in message.text:
            self.problems.append(f"console: {message.text} ({message.location['url']})")

    def note_failure(self, request: Request) -> None:
        """Notice that a part of the page did not arrive."""
        self._interrupted |= INTERRUPTED in (request.failure or "")


@contextmanager
def visit(
    browser: Browser,
    origin: str,
    *,
    viewport: ViewportSize = WIDE,
    dark: bool = False,
    scripts: bool = True,
) -> Iterator[Visit]:
    """Open an empty page for the site at `origin`, and close it at the end."""
    context = browser.new_context(
        base_url=origin,
        viewport=viewport,
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        # The certificate is the test's own, and the header is the proxy's part.
        ignore_https_errors=True,
        extra_http_headers={"X-Forwarded-Proto": "https"} if origin.startswith("https:") else {},
    )
    result = Visit(context.new_page())

    def note_request(request: Request) -> None:
        if not request.url.startswith((f"{origin}/", "data:")):
            result.problems.append(f"request to another host: {request.url}")

    result.page.on("console", result.note_message)
    result.page.on("requestfailed", result.note_failure)
    result.page.on("pageerror", lambda error: result.problems.append(f"exception: {error}"))
    context.on("request", note_request)
    try:
        yield result
    finally:
        context.close()
