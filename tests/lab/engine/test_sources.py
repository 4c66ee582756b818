"""Sources of another suite are derived from the machine's own, whatever their format."""

from lab.engine import sources

DEB822 = """\
# The archive of this machine.
Types: deb deb-src
URIs: http://mirror.test/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Types: deb
URIs: http://mirror.test/security
Suites: bookworm-security
Components: main
"""


def test_suites_are_renamed_and_everything_else_is_kept() -> None:
    assert sources.derive([DEB822], "bookworm", "trixie") == (
        "Types: deb\n"
        "URIs: http://mirror.test/debian\n"
        "Suites: trixie trixie-updates\n"
        "Components: main\n"
        "Signed-By: -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n"
        "\n"
        "Types: deb\n"
        "URIs: http://mirror.test/security\n"
        "Suites: trixie-security\n"
        "Components: main\n"
    )


def test_one_line_sources_are_read_with_their_options() -> None:
    text = "deb [arch=amd64 signed-by=/keys/a.gpg]  http://mirror.test/debian\tbookworm main contrib\n"

    assert sources.derive([text], "bookworm", "trixie") == (
        "Types: deb\n"
        "Architectures: amd64\n"
        "Signed-By: /keys/a.gpg\n"
        "URIs: http://mirror.test/debian\n"
        "Suites: trixie\n"
        "Components: main\n"
    )


def test_sources_of_other_vendors_and_switched_off_ones_are_left_out() -> None:
    other_component = "deb http://vendor.test/docker bookworm stable\n"
    other_suite = "deb http://vendor.test/sdk sdk-bookworm main\n"
    comment = "# deb http://mirror.test/debian bookworm main\n"
    source_code = "deb-src http://mirror.test/debian bookworm main\n"
    off = DEB822.replace("Types: deb", "Enabled: no\nTypes: deb")

    assert (
        sources.derive([other_component, other_suite, comment, source_code, off], "bookworm", "trixie") == ""
    )


def test_a_line_that_is_no_source_is_left_out() -> None:
    assert sources.derive(["deb http://mirror.test/debian\n"], "bookworm", "trixie") == ""


def test_first_uri_is_the_mirror() -> None:
    assert sources.first_uri(sources.derive([DEB822], "bookworm", "trixie")) == "http://mirror.test/debian"
    assert sources.first_uri("") == ""
