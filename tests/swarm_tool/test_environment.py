import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from swarm_tool import environment as environments
from swarm_tool.docker import DockerError
from swarm_tool.environment import Environment, load, read_settings
from swarm_tool.outcome import Problem


def test_settings_are_read_as_a_shell_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "deploy.env"
    file.write_text(
        "# Where.\nSTACK=shop\n\nMIGRATE='python manage.py migrate' # how\nEMPTY=\nURI=a=b\n",
        encoding="utf-8",
    )

    assert read_settings(file) == {
        "STACK": "shop",
        "MIGRATE": "python manage.py migrate",
        "EMPTY": "",
        "URI": "a=b",
    }


@pytest.mark.parametrize(
    "line",
    [
        "STACK shop",
        "A=two words",
        "=x",
        "A='open",
        "A=$HOME",
        "A=`id`",
        "A=a;b",
        "A=~",
        "A=1\r",
        "é=1",
        "A=\0",
    ],
)
def test_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "deploy.env"
    file.write_bytes(f"A=1\n{line}\n".encode())

    with pytest.raises(Problem, match=r"line 2 of .*deploy.env"):
        read_settings(file)


def test_line_in_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "deploy.env"
    file.write_bytes(b"A=1\nB=gr\xf6n\n")

    with pytest.raises(Problem, match=r"line 2 of .*deploy.env") as problem:
        read_settings(file)
    assert "UTF-8" in problem.value.lines["do"]


# What a shell gives a meaning to comes up more often than it would by chance.
SIGNS = st.sampled_from([*"#'\"\\ \t=$`;~*é", "A", "b", "\\$", "👋"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(SIGNS, max_size=8).map("".join), min_size=30, max_size=30))
@example(["a#b", "a #b", "#b", "'#'", '"\\$x\\a"', "\\#", "a\\ b", "''", '"it\'s"', "a # it's"])
def test_a_shell_reads_every_line_alike(tmp_path: Path, values: list[str]) -> None:
    """All lines that are taken go to one shell: it sets what we read, and nothing else happens."""
    accepted = {}
    for number, value in enumerate(values):
        file = tmp_path / "one.env"
        file.write_text(f"V{number}={value}\n", encoding="utf-8")
        try:
            accepted[f"V{number}={value}"] = read_settings(file)[f"V{number}"]
        except Problem:
            continue
    file = tmp_path / "deploy.env"
    file.write_text("".join(f"{line}\n" for line in accepted), encoding="utf-8")
    names = [line.partition("=")[0] for line in accepted]
    script = f". {file}" + "".join(f"; printf '%s\\0' \"${name}\"" for name in names)

    done = subprocess.run(["sh", "-euc", script], capture_output=True, check=True)

    assert done.stderr == b""
    assert done.stdout.decode().split("\0")[:-1] == list(accepted.values())


def folder(path: Path, name: str, **changes: str) -> None:
    """Make the folder of an environment, with what it has to say."""
    given = {"STACK": f"shop-{name}", "OVERLAY": "production", "DOMAIN": "shop.test", **changes}
    (path / "configs" / name).mkdir(parents=True)
    lines = "".join(f"{key}={value}\n" for key, value in given.items())
    (path / "configs" / name / "deploy.env").write_text(lines, encoding="utf-8")


def test_copied_folder_that_names_another_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "DEPLOY", tmp_path)
    folder(tmp_path, "qa", ENVIRONMENT="production")

    with pytest.raises(Problem) as problem:
        load("qa")
    assert "ENVIRONMENT=qa" in problem.value.lines["do"]


def test_two_environments_with_one_stack_on_one_swarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "DEPLOY", tmp_path)
    folder(tmp_path, "production", STACK="shop", DOCKER_HOST="ssh://a")
    folder(tmp_path, "qa", STACK="shop", DOCKER_HOST="ssh://a")
    folder(tmp_path, "elsewhere", STACK="shop", DOCKER_HOST="ssh://b")
    (tmp_path / "configs/broken").mkdir()
    (tmp_path / "configs/broken/deploy.env").write_text("STACK shop\n", encoding="utf-8")

    assert load("elsewhere").stack == "shop"
    with pytest.raises(Problem, match="the same STACK"):
        load("qa")


@pytest.mark.parametrize("name", ["production", "staging"])
def test_environments_of_the_project_load(name: str, example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "DEPLOY", example / "deploy")

    loaded = load(name)

    assert loaded.settings["ENVIRONMENT"] == name
    assert loaded.stack.endswith(f"-{name}")
    assert loaded.docker.variables["DOCKER_HOST"].startswith("ssh://")


def test_nothing_comes_from_the_shell_of_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "DEPLOY", tmp_path)
    monkeypatch.setenv("REDIS_MEMORY", "3G")
    monkeypatch.setenv("DOMAIN", "elsewhere.test")
    client = Path(os.environ["PATH"].partition(":")[0]) / "docker"
    client.write_text("#!/bin/sh\nenv\n", encoding="utf-8")
    folder(tmp_path, "qa")

    told = load("qa").render(RELEASE="1").splitlines()

    assert {"DOMAIN=shop.test", "RELEASE=1", f"PATH={os.environ['PATH']}"} <= set(told)
    assert not [line for line in told if "REDIS_MEMORY" in line]


def test_stack_files_that_cannot_be_rendered(environment: Environment, refusal: DockerError) -> None:
    environment.docker.answers["stack config"] = refusal  # type: ignore[attr-defined]

    with pytest.raises(Problem, match="cannot be rendered"):
        environment.sketch()


def test_database_that_has_no_name(environment: Environment) -> None:
    environment.docker.answers["stack config"] = "services: {}"  # type: ignore[attr-defined]

    with pytest.raises(Problem, match="the database has no name"):
        _ = environment.database


def test_unknown_environment_tells_the_known_ones() -> None:
    with pytest.raises(Problem) as problem:
        load("moon")

    assert "production, staging" in problem.value.lines["do"]


def test_missing_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "DEPLOY", tmp_path)
    (tmp_path / "configs/moon").mkdir(parents=True)
    (tmp_path / "configs/moon/deploy.env").write_text("STACK=moon\nOVERLAY=production\n", encoding="utf-8")

    with pytest.raises(Problem, match="DOMAIN is not set"):
        load("moon")


def test_name_that_leaves_no_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "DEPLOY", tmp_path)
    (tmp_path / "configs/moon").mkdir(parents=True)
    text = f"STACK={'m' * 33}\nOVERLAY=production\nDOMAIN=moon.test\n"
    (tmp_path / "configs/moon/deploy.env").write_text(text, encoding="utf-8")

    with pytest.raises(Problem, match="STACK is too long"):
        load("moon")


def test_number(environment: Environment) -> None:
    environment.settings["DEADLINE"] = "90"
    assert environment.number("DEADLINE", 300) == 90
    assert environment.number("OTHER", 300) == 300

    environment.settings["DEADLINE"] = "soon"
    with pytest.raises(Problem, match="DEADLINE is no number"):
        environment.number("DEADLINE", 300)
