from pathlib import Path

import pytest
from swarm_tool import environment
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


@pytest.mark.parametrize("line", ["STACK shop", "A=two words", "=x", "A='open"])
def test_line_that_is_none_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "deploy.env"
    file.write_text(f"A=1\n{line}\n", encoding="utf-8")

    with pytest.raises(Problem, match=r"line 2 of .*deploy.env"):
        read_settings(file)


@pytest.mark.parametrize("name", ["production", "staging"])
def test_environments_of_the_project_load(name: str, example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "DEPLOY", example / "deploy")

    loaded = load(name)

    assert loaded.settings["ENVIRONMENT"] == name
    assert loaded.stack.endswith(f"-{name}")
    assert loaded.docker.environment["DOCKER_HOST"].startswith("ssh://")


def test_unknown_environment_tells_the_known_ones() -> None:
    with pytest.raises(Problem) as problem:
        load("moon")

    assert "production, staging" in problem.value.lines["do"]


def test_missing_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "DEPLOY", tmp_path)
    (tmp_path / "configs/moon").mkdir(parents=True)
    (tmp_path / "configs/moon/deploy.env").write_text("STACK=moon\nOVERLAY=production\n", encoding="utf-8")

    with pytest.raises(Problem, match="DOMAIN is not set"):
        load("moon")


def test_name_that_leaves_no_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "DEPLOY", tmp_path)
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
