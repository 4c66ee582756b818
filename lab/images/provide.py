"""Make sure that the base images are there: the real ones where they can be had, else stand-ins."""

import time
from collections.abc import Iterator

from . import stand_in
from .names import NAMES
from .pull import pull


def provide() -> Iterator[tuple[str, str]]:
    """Make sure that all base images are there; after each, yield its name and what was used for it.

    A registry that failed once is not asked again in the same run. Raises ImageError and
    CommandFailedError when a stand-in cannot be built.
    """
    failure: str | None = None
    for name in NAMES:
        label = stand_in.label_of(name)
        if label == "":
            yield name, "real image, already here"
            continue
        if failure is None:
            failure = pull(name)
        if failure is None:
            yield name, "real image, pulled"
        elif label == stand_in.digest(name):
            yield name, "stand-in, already built"
        else:
            started = time.monotonic()
            stand_in.build(name)
            yield name, f"stand-in, built in {time.monotonic() - started:.0f} s ({failure})"
