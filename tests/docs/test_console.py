"""The runner of pages notices when a page says something that is not so."""

import os
from pathlib import Path

import pytest

from tests.docs.console import difference, follow, steps

PAGE = """\
```console
$ cd sub
$ name=world
$ echo hello; echo $name
hello
world
```

```text title="a/b.txt"
Good
```

```sh
exit 1
```

```console
$ cat a/b.txt
Good
```
"""


def test_commands_share_a_shell_and_files_are_written(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()

    follow(steps("page", PAGE), tmp_path, os.environ)

    assert (tmp_path / "sub" / "a" / "b.txt").read_text() == "Good\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$ true\n$ false\n", "page:12: exit code 1 of false"),
        ("$ echo a\nb\n", "page:11: echo a printed something else"),
        ("$ echo a\n", "page:11: echo a printed something else"),
        ("$ echo a \\\n  b\na\n$ true\n", "page:11: echo a"),
        ("$ exit 0\n", "it did not end within"),
    ],
)
def test_a_wrong_page_is_noticed(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        follow(steps("page", f"```console\n{text}```\n", 9), tmp_path, os.environ)


def test_output_before_any_command_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with a command"):
        steps("page", "```console\nlost\n$ true\n```\n")


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("took 3 s", "took  41.7 s"),
        ("id zak43oapv4smzak43oapv4sm1", "id 1zxwvwec8aafj1zxwvwec8aaf"),
        ("a\n...\nz", "a\nb\nc\nz"),
        ("a\n...\nz", "a\nz"),
        ("by …", "by ada@laptop"),
    ],
)
def test_what_may_differ(expected: str, printed: str) -> None:
    assert difference(expected + "\n", printed + "\n") == ""


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("took 3 s", "took long"),
        ("a\n...\nz", "a\nb"),
        ("by …", "by"),
        ("… 200", "654 200\n1 502"),
        ("release 1", "release 2"),
    ],
)
def test_what_may_not(expected: str, printed: str) -> None:
    assert difference(expected + "\n", printed + "\n") != ""
