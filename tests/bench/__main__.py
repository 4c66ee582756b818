"""`make bench`: measure the production image of the example, print a table, write the same as JSON."""

import argparse
import tempfile
from pathlib import Path

from lab.docker import docker, unique_name
from lab.images.provide import provide
from tests.app_image import containers
from tests.bench.builds import measure_builds, measure_size
from tests.bench.figure import Figure, as_json, as_table
from tests.bench.replica import measure_service, measure_start
from tests.harness.bake import bake


def measure(folder: Path) -> list[Figure]:
    """Measure everything; `folder` takes what it needs on the way."""
    list(provide())
    tag = unique_name("bench-app")
    try:
        figures = measure_builds(bake(folder), tag)
        figures += measure_size(tag)
        (folder / "secrets").mkdir()
        with containers.services(folder / "secrets") as services:
            figures.append(measure_start(tag, services))
            figures += measure_service(tag, services)
        return figures
    finally:
        docker("image", "rm", "--force", tag, check=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the JSON goes")
    file = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        measured = measure(Path(scratch))
    print(as_table(measured))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(as_json(measured) + "\n", encoding="utf-8")
    print(f"\nThe same as JSON: {file}")
