"""What nginx answers by itself carries the same headers as what the app answers."""

import pytest

from tests.harness.site import Site

pytestmark = pytest.mark.swarm

HEADERS = (
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
)
REFUSALS = {
    "a job from outside": ("POST", "/api/cron/clear_sessions", {}, 403),
    "dots": ("GET", "/x/../y", {}, 400),
    "a large body": ("POST", "/", {"Content-Length": "9000000"}, 413),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_has_the_headers_of_a_page(site: Site, refusal: str) -> None:
    method, path, headers, status = REFUSALS[refusal]
    page, refused = site.get("/"), site.request(method, path, headers=headers)

    assert (page.status, refused.status) == (200, status)
    assert all(page.headers.get_all(name) for name in HEADERS)
    assert {name: refused.headers.get_all(name) for name in HEADERS} == {
        name: page.headers.get_all(name) for name in HEADERS
    }
    # The app's own pages need styles and scripts, a refusal nothing.
    assert refused.headers["Content-Security-Policy"].startswith("default-src 'none'; ")


def test_doubled_slashes_lead_to_no_job(site: Site) -> None:
    assert site.request("POST", "/api//cron/clear_sessions").status == 404
