"""What the linters look at."""

from pathlib import Path

import pytest

from tests.harness.bake import TEMPLATE
from tests.harness.clone import template_files
from tests.harness.tree import files_of


@pytest.fixture(scope="session")
def sources(example: Path) -> list[Path]:
    """All our files: those of the rendered project, and the template's own."""
    # A name that begins with a delimiter is the project's folder, not rendered yet, or its symlink.
    own = [TEMPLATE / path for path in template_files() if path.parts[0][0] not in "<{"]
    return [*own, *(example / path for path in files_of(example))]
