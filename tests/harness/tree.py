"""Look at the files of a folder."""

from pathlib import Path


def files_of(folder: Path) -> list[Path]:
    """Return the files below `folder`, sorted, relative to it."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())


def text_of(path: Path) -> str | None:
    """Return what a text file holds; None for one that is not UTF-8, such as a picture."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def shebang_of(path: Path) -> str:
    """Return the first line of a script, without `#!`; an empty string for other files."""
    first_line = (text_of(path) or "").partition("\n")[0]
    return first_line.removeprefix("#!").strip() if first_line.startswith("#!") else ""


def is_shell_script(path: Path) -> bool:
    """Tell whether a shell reads the file, by its name or else by its first line."""
    return path.suffix == ".sh" or shebang_of(path).endswith("sh")
