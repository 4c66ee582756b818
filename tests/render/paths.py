"""Print the files of the rendered example, for tests/render/paths.txt: what `make paths` runs."""

import tempfile
from pathlib import Path

from tests.harness.bake import bake
from tests.harness.tree import files_of

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(*files_of(bake(Path(folder))), sep="\n")
