"""Static files: kept by the proxy, compressed as the browser likes, looked for on every replica."""

import pytest

from tests.harness.proxied import Proxied
from tests.harness.site import Site

pytestmark = pytest.mark.engine

HASHED = "/static/app.0123456789ab.css"


def test_a_hashed_file_is_immutable_and_asked_for_once(alone: Proxied) -> None:
    alone.start_app(FILES="app.0123456789ab.css")

    answers = [alone.site.get(HASHED) for _ in range(3)]

    assert {answer.status for answer in answers} == {200}
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)
    assert alone.received(f"GET {HASHED}") == 1


def test_a_kept_file_outlives_its_replicas(alone: Proxied) -> None:
    alone.start_app(FILES="app.0123456789ab.css")
    alone.site.get(HASHED)
    alone.stop_apps()

    assert alone.site.get(HASHED).status == 200


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br, zstd", "gzip"), ("gzip", "gzip"), ("br", "identity"), ("", "identity")],
)
def test_files_come_compressed_to_those_who_can_read_it(site: Site, accepted: str, encoding: str) -> None:
    for _ in range(2):
        answer = site.get(HASHED, accept_encoding=accepted)
        assert answer.headers["Content-Encoding"] == encoding
        assert answer.json() == {"encoding": encoding}
        assert answer.headers["Vary"] == "Accept-Encoding"


def test_one_copy_for_all_spellings_of_a_compression(alone: Proxied) -> None:
    alone.start_app(FILES="app.0123456789ab.css")
    for spelling in ("gzip, br", "br;q=1.0, gzip;q=0.8", "gzip, deflate, br, zstd"):
        assert alone.site.get(HASHED, accept_encoding=spelling).headers["Content-Encoding"] == "gzip"

    assert alone.received(f"GET {HASHED}") == 1


def test_a_file_of_one_release_is_found_during_a_rollout(alone: Proxied) -> None:
    """Twenty names, since chance may send each to the right replica at once, and then it is kept."""
    old = [f"old.{number:012x}.css" for number in range(10)]
    new = [f"new.{number:012x}.css" for number in range(10)]
    alone.start_app(FILES=" ".join(old))
    alone.start_app(FILES=" ".join(new))

    assert {alone.site.get(f"/static/{name}").status for name in old + new} == {200}


def test_a_file_that_nobody_has_is_not_found_and_not_kept(alone: Proxied) -> None:
    alone.start_app()
    assert alone.site.get(HASHED).status == 404

    alone.start_app(FILES="app.0123456789ab.css")
    # The names of the replicas are asked for once a second.
    assert any(alone.site.get(HASHED).status == 200 for _ in range(30))
