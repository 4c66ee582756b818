import json
from pathlib import Path
from typing import Any

from swarm_tool import stack
from swarm_tool.stack import parse

from .conftest import RECORDED


def rendered() -> dict[str, Any]:
    made: dict[str, Any] = parse((RECORDED / "rendered.yml").read_text(encoding="utf-8"))
    return made


def secrets(**names: str) -> dict[str, Any]:
    return {"secrets": {key: {"external": True, "name": name} for key, name in names.items()}}


def test_name_and_version_are_told_apart() -> None:
    assert stack.split_version("shop", "shop_database_password_12") == ("database_password", 12)
    assert stack.split_version("shop", "shop_database_password") is None
    assert stack.split_version("shop", "shop-staging_database_password_1") is None


def test_newest_secrets_are_used() -> None:
    wanted = secrets(secret_key="shop_secret_key_1", token="given-by-hand")

    stack.set_versions("shop", wanted, {"secret_key": 3}, {})

    assert stack.names(wanted, "secrets") == {"shop_secret_key_3", "given-by-hand"}


def test_previous_secret_is_what_runs() -> None:
    running = secrets(cron_api_key="shop_cron_api_key_2", cron_api_key_previous="shop_cron_api_key_1")
    wanted = secrets(cron_api_key="shop_cron_api_key_1", cron_api_key_previous="shop_cron_api_key_1")

    stack.set_versions("shop", wanted, {"cron_api_key": 3}, running)

    assert wanted["secrets"]["cron_api_key"]["name"] == "shop_cron_api_key_3"
    assert wanted["secrets"]["cron_api_key_previous"]["name"] == "shop_cron_api_key_2"


def test_previous_secret_is_never_the_current_one() -> None:
    keys = {"cron_api_key": "shop_cron_api_key_1", "cron_api_key_previous": "shop_cron_api_key_0"}
    for running in ({}, secrets(**keys)):
        wanted = secrets(**keys)

        stack.set_versions("shop", wanted, {"cron_api_key": 1}, running)

        assert wanted == secrets(**keys)


def test_new_password_restarts_the_app_but_not_the_database() -> None:
    running = secrets(database_password="shop_database_password_1", database_uri="shop_database_uri_1")
    wanted = secrets(database_password="shop_database_password_1", database_uri="shop_database_uri_1")

    stack.set_versions("shop", wanted, {"database_password": 2, "database_uri": 2}, running)

    assert stack.names(wanted, "secrets") == {"shop_database_password_1", "shop_database_uri_2"}


def test_config_is_named_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "nginx.conf"
    names = []
    for content, driver in (("one", ""), ("two", ""), ("two", "golang"), ("two", "golang")):
        file.write_text(content, encoding="utf-8")
        wanted = {
            "configs": {"nginx": {"file": str(file), "name": "shop_nginx_1", "template_driver": driver}}
        }
        (config,) = stack.take_configs("shop", wanted)
        assert wanted == {"configs": {"nginx": {"external": True, "name": config.name}}}
        assert (config.content, config.template_driver) == (content, driver)
        names.append(config.name)

    assert len(set(names)) == 3
    assert names[2] == names[3]


def test_images_are_pinned_once_each() -> None:
    wanted = {"services": {"app": {"image": "app:1", "env_file": "x.env"}, "cron": {"image": "app:1"}}}
    asked = []

    def pin(reference: str) -> str:
        asked.append(reference)
        return f"{reference}@sha256:abc"

    assert stack.pin_images(wanted, pin) == {"app:1": "app:1@sha256:abc"}
    assert asked == ["app:1"]
    assert wanted == {
        "services": {"app": {"image": "app:1@sha256:abc"}, "cron": {"image": "app:1@sha256:abc"}}
    }


def test_the_app_stands_on_database_and_cache() -> None:
    assert stack.backing(rendered()) == {"db", "redis"}


def test_a_label_changes_no_service_and_a_secret_does() -> None:
    old, new = rendered(), rendered()
    new["services"]["db"]["deploy"]["labels"]["release"] = "another"
    assert stack.changed_services(old, new) == []

    new["secrets"]["tls_key"]["name"] = "another"
    del new["services"]["redis"]
    assert stack.changed_services(old, new) == ["redis", "site"]
    assert stack.changed_services({}, old) == ["app", "cron", "db", "proxy", "redis", "site"]


def test_another_network_restarts_what_is_on_it() -> None:
    old, new = rendered(), rendered()
    new["networks"]["frontend"]["name"] = "shop_frontend_encrypted"

    assert stack.changed_services(old, new) == ["app", "proxy", "site"]


def test_dollar_signs_survive_the_docker_client() -> None:
    assert json.loads(stack.dump({"a": "$HOME ${X} $$"})) == {"a": "$$HOME $${X} $$$$"}
