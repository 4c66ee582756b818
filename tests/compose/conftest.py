"""The development containers of a fresh checkout."""

from collections.abc import Iterator

import pytest

from tests.compose.checkout import Checkout, checkout


@pytest.fixture(scope="session")
def development(tmp_path_factory: pytest.TempPathFactory, base_images: object) -> Iterator[Checkout]:  # noqa: ARG001
    """A checkout of the example whose containers are up."""
    with checkout(tmp_path_factory.mktemp("development")) as fresh:
        fresh.compose("up", "--detach", "--wait")
        yield fresh
