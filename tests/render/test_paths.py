"""Which files a rendered project has. A stray file fails here, and so does a lost one."""

from pathlib import Path

from tests.harness.bake import bake
from tests.harness.tree import files_of, shebang_of

EXPECTED = Path(__file__).with_name("paths.txt")


def test_rendered_paths_are_the_listed_ones(example: Path) -> None:
    rendered = {str(path) for path in files_of(example)}
    listed = set(EXPECTED.read_text(encoding="utf-8").splitlines())

    assert rendered == listed, "if the project should have these files now, run `make paths`"


def test_every_answer_gives_the_same_files(example: Path, tmp_path: Path) -> None:
    other = bake(
        tmp_path,
        project_name="Orchard",
        description="Counts apples.",
        author_name="Pomona",
        author_email="pomona@orchard.test",
        production_domain="orchard.test",
        staging_domain="staging.orchard.test",
        image_registry="registry.orchard.test/apples",
        language_code="pt-br",
        time_zone="Europe/Lisbon",
    )

    renamed = {Path(str(path).replace("exampleapp", "orchard")) for path in files_of(example)}
    assert set(files_of(other)) == renamed


def test_scripts_and_only_scripts_are_executable(example: Path) -> None:
    executable = {path for path in files_of(example) if (example / path).stat().st_mode & 0o111}
    scripts = {path for path in files_of(example) if shebang_of(example / path)}

    assert executable == scripts


def test_rendering_twice_gives_the_same_bytes(example: Path, tmp_path: Path) -> None:
    again = bake(tmp_path)

    assert files_of(again) == files_of(example)
    different = [
        str(path) for path in files_of(again) if (again / path).read_bytes() != (example / path).read_bytes()
    ]
    assert different == []
