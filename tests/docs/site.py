"""Build the pages in docs/ as a site, and write the one that projects have: what `make docs` runs."""

import shutil
import sys
import tempfile
from pathlib import Path

from lab.command import CommandFailedError, run
from tests.docs.project_page import PAGE, project_page
from tests.harness.alone import CACHE
from tests.harness.bake import TEMPLATE
from tests.harness.example import cached_environment

SITE = CACHE / "site"
LOCK = TEMPLATE / "requirements" / "docs.txt"


def build(destination: Path, pages: Path = TEMPLATE / "docs") -> Path:
    """Build `pages` into the folder `destination`, which is replaced; return its first page.

    Raises CommandFailedError, with what is wrong, when a link leads nowhere.
    """
    python = cached_environment("docs", "--require-hashes", "--requirement", str(LOCK))
    # The generator keeps a cache where it works, and says nothing more of a page that it finds there.
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(pages, Path(folder) / "docs")
        shutil.copy(TEMPLATE / "zensical.toml", folder)
        run([python, "-m", "zensical", "build", "--strict"], Path(folder))
        shutil.rmtree(destination, ignore_errors=True)
        shutil.copytree(Path(folder) / "site", destination)
    return destination / "index.html"


if __name__ == "__main__":
    PAGE.write_text(project_page(), encoding="utf-8")
    try:
        print(f"The site is built: {build(SITE)}")
    except CommandFailedError as error:
        sys.exit(f"make docs stops: {error}")
