"""Stacks go to the docker client and come from it as YAML: what one writes, the other reads."""

import builtins
import shutil
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from swarm_tool.outcome import Problem
from swarm_tool.stack import dump, parse

from tests.harness.need import skip_or_fail

from .conftest import RECORDED

# Debian's client, and the one that comes first on the PATH.
CLIENTS = sorted(
    {path for path in ("/usr/bin/docker", shutil.which("docker")) if path and shutil.which(path)}
)
# Words and signs that mean something in one of the YAML libraries, or in the client.
AWKWARD = (
    *"= << ~ null yes off true 0x1f 0o17 017 1_000 1e3 .inf .nan 12:30:45 2026-11-24 --- ... - ? :".split(),
    *"# &a *a !a | > %a @a `a` ' \" '' [a {a a,b \\ \\n $ $$ ${A} {{.Node.ID}}".split(),
    *("", "- a", "? a", "a: b", "a #b", " a", "a ", "a\n", "a\n\n", "a\n b\n  c", "\t", "\r", "\r\n", "\x1b"),
    *"\u00a0 \u0085 \u2028 \u2029 \ufeff \x7f \x80 \U0001f44b \U0010ffff \uffff \ue000 e\u0301 é".split(" "),
)
# Text of every plane of Unicode, but without NUL, which no environment can hold, and without a newline
# at its beginning, which client 28 does not print.
ANY = st.text(st.characters(exclude_characters="\0", codec="utf-8")).map(lambda text: text.lstrip("\n"))
TEXTS = st.one_of(st.sampled_from(AWKWARD), ANY)


def through(client: str, stack: dict[str, Any]) -> Any:
    """Hand a stack to a docker client, and return what the stack is after that."""
    command = [client, "stack", "config", "--compose-file=-"]
    done = subprocess.run(command, input=dump(stack).encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return parse(done.stdout.decode())


@pytest.mark.parametrize("client", CLIENTS)
@settings(max_examples=40, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=50))
def test_every_text_comes_back(client: str, texts: list[str]) -> None:
    if not shutil.which(client):
        skip_or_fail("there is no docker client, which renders the stack files")
    values = {f"A{number}": text for number, text in enumerate([*AWKWARD, *texts])}
    service = {"image": "app:1", "environment": values, "command": ["run", *values.values()]}

    rendered = through(client, {"services": {"app": service}})["services"]["app"]

    assert rendered["environment"] == values
    assert rendered["command"] == service["command"]


def test_recorded_stack() -> None:
    stack = parse((RECORDED / "rendered.yml").read_text(encoding="utf-8"))

    app = stack["services"]["app"]
    assert app["cap_drop"] == ["ALL"]
    assert app["read_only"] is True
    assert app["deploy"]["resources"]["limits"]["cpus"] == "1.0"
    assert app["networks"] == {"backend": None, "frontend": None}
    assert stack["services"]["proxy"]["ports"][0]["target"] == 8080
    assert stack["secrets"]["secret_key"]["external"] is True


def test_missing_library_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_yaml(name: str, *rest: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_yaml)

    with pytest.raises(Problem) as problem:
        parse("a: 1")

    assert "PyYAML" in problem.value.why
    assert "python3-yaml" in problem.value.lines["do"]
