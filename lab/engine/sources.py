"""apt sources for another Debian suite, derived from those that a machine already has.

The machine's own sources are the only place that knows its mirror, so no host name stands here.
The formats: sources.list(5).
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

APT = Path("/etc/apt")
NEEDED = {"Types", "URIs", "Suites", "Components"}
# Options of the one-line format whose deb822 field has another name.
RENAMED = {"arch": "Architectures", "lang": "Languages", "target": "Targets"}


def of_this_machine() -> list[str]:
    """Return the contents of this machine's files of apt sources."""
    files = [APT / "sources.list", *sorted((APT / "sources.list.d").glob("*"))]
    return [file.read_text() for file in files if file.suffix in (".list", ".sources") and file.exists()]


def derive(texts: Iterable[str], old: str, new: str) -> str:
    """Rewrite apt sources from one Debian suite to another.

    `texts` are the contents of files in either format, `old` and `new` the codenames. The answer is
    in deb822 format and has the main component of `old` and of its updates and security suites;
    other vendors' sources are left out. It is empty when there are none.
    """
    stanzas = [stanza for text in texts for stanza in _stanzas(text)]
    return "\n".join(filter(None, (_rewritten(stanza, old, new) for stanza in stanzas)))


def first_uri(text: str) -> str:
    """Return the address of the first source in deb822 format, empty when there is none."""
    match = re.search(r"^URIs: (\S+)", text, re.MULTILINE)
    return match[1] if match else ""


def _rewritten(stanza: dict[str, str], old: str, new: str) -> str:
    companions = {old: new, f"{old}-updates": f"{new}-updates", f"{old}-security": f"{new}-security"}
    suites = [companions[suite] for suite in stanza["Suites"].split() if suite in companions]
    if not suites or "main" not in stanza["Components"].split():
        return ""
    fields = {**stanza, "Types": "deb", "Suites": " ".join(suites), "Components": "main"}
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    yield from (_one_line(line) for line in lines if re.match(r"deb\s", line))
    blocks = (_block(block) for block in "\n".join(lines).split("\n\n"))
    for block in blocks:
        if block.keys() >= NEEDED and "deb" in block["Types"].split() and block.get("Enabled") != "no":
            yield block


def _one_line(line: str) -> dict[str, str]:
    """Read ``deb [option=value ...] uri suite component ...``."""
    match = re.fullmatch(
        r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<rest>.*)", line
    )
    if match is None:
        return dict.fromkeys(NEEDED, "")
    options = dict(option.split("=", 1) for option in (match["options"] or "").split())
    named = {RENAMED.get(name, name.title()): value for name, value in options.items()}
    place = {"URIs": match["uri"], "Suites": match["suite"], "Components": match["rest"].strip()}
    return {"Types": "deb", **named, **place}


def _block(block: str) -> dict[str, str]:
    """Read one deb822 stanza; lines that begin with a space continue the field above."""
    fields = re.findall(r"^([A-Za-z-]+):((?:.|\n(?=[ \t]))*)", block, re.MULTILINE)
    return {name: value.strip() for name, value in fields}
