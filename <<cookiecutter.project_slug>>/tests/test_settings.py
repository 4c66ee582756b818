"""The settings: where they read, what they refuse, what they promise."""

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from << cookiecutter.project_slug >>.settings import env as reading
from << cookiecutter.project_slug >>.settings.env import FileAwareEnv, SecretFiles, require

COMPLETE = {
    "SECRET_KEY": "0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "DATABASE_URI": "postgres://app:password@db:5432/app",
    "REDIS_URI": "redis://:password@redis:6379/0",
    "CRON_API_KEY": "key",
    "DOMAIN": "example.com",
}

# What starts Django under production's settings needs production's driver, which a laptop may lack.
needs_driver = pytest.mark.skipif(
    find_spec("psycopg2") is None, reason="needs psycopg2: pip install -r requirements/docker.txt"
)


def python(
    *arguments: str, settings: str = "production", **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run Python under the given settings, with none of their variables but the given ones."""
    kept = {name: value for name, value in os.environ.items() if name not in COMPLETE}
    module = f"<< cookiecutter.project_slug >>.settings.{settings}"
    return subprocess.run(
        [sys.executable, *arguments],
        env={**kept, "DJANGO_SETTINGS_MODULE": module, **variables},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )


def evaluate(expression: str, settings: str = "production", **variables: str) -> Any:
    """The value of an expression in which `s` are the settings."""
    code = f"import json; from django.conf import settings as s; print(json.dumps({expression}))"
    done = python("-c", code, settings=settings, **(COMPLETE | variables))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class TestReading:
    def test_variable(self) -> None:
        assert SecretFiles({"NAME": "value"})["NAME"] == "value"

    def test_file_without_its_line_end(self, tmp_path: Path) -> None:
        file = tmp_path / "secret"
        file.write_text(" p@ss w/rd \n")

        assert SecretFiles({"NAME_FILE": str(file)})["NAME"] == " p@ss w/rd "

    def test_both_are_one_too_many(self, tmp_path: Path) -> None:
        with pytest.raises(ImproperlyConfigured, match="NAME and NAME_FILE are both set"):
            SecretFiles({"NAME": "value", "NAME_FILE": str(tmp_path)})["NAME"]

    def test_file_that_is_not_there_is_named(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="NAME_FILE=/nowhere: No such file"):
            SecretFiles({"NAME_FILE": "/nowhere"})["NAME"]

    def test_neither(self) -> None:
        with pytest.raises(KeyError):
            SecretFiles({})["NAME"]

    def test_all_mistakes_are_named_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        reader = FileAwareEnv()
        reader.ENVIRON = SecretFiles({"A": "1", "B": "", "C_FILE": "/nowhere", "E": "1"})
        monkeypatch.setattr(reading, "env", reader)

        with pytest.raises(ImproperlyConfigured) as error:
            require("A", "B", "C", "D", "E")

        assert re.findall("B is missing|C_FILE=/nowhere|D is missing", str(error.value)) == [
            "B is missing",
            "C_FILE=/nowhere",
            "D is missing",
        ]
        assert "A is" not in str(error.value)


class TestProduction:
    @pytest.mark.parametrize("missing", [*({name} for name in COMPLETE), set(COMPLETE)])
    def test_refuses_to_start_and_names_what_is_missing(self, missing: set[str]) -> None:
        given = {name: value for name, value in COMPLETE.items() if name not in missing}

        done = python("manage.py", "check", **given)

        assert done.returncode != 0
        last = done.stderr.strip().splitlines()[-1]
        assert set(re.findall(r"(\w+) is missing", last)) == missing

    def test_secrets_are_read_from_files(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("a" * 64 + "\n")
        given = COMPLETE | {"SECRET_KEY": "", "SECRET_KEY_FILE": str(tmp_path / "key")}

        assert evaluate("s.SECRET_KEY", **given) == "a" * 64

    @needs_driver
    def test_deployment_check_has_nothing_to_say(self) -> None:
        done = python("manage.py", "check", "--deploy", "--fail-level", "DEBUG", **COMPLETE)

        assert (done.returncode, done.stdout) == (
            0,
            # For the subdomains and the preload list, which one decides on when all is proved.
            "System check identified no issues (2 silenced).\n",
        ), done.stderr

    def test_hosts_and_origins_come_from_the_domain(self) -> None:
        given = evaluate("[s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS]", DOMAIN="shop.example.org")

        assert given == [["shop.example.org"], ["https://shop.example.org"]]

    def test_mail_server_is_optional(self) -> None:
        smtp = "[s.EMAIL_BACKEND, s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_HOST_USER, s.EMAIL_USE_TLS]"

        assert evaluate("s.EMAIL_BACKEND") == "django.core.mail.backends.console.EmailBackend"
        assert evaluate(smtp, EMAIL_URI="smtp+tls://me:secret@mail.example.com:587") == [
            "django.core.mail.backends.smtp.EmailBackend",
            "mail.example.com",
            587,
            "me",
            True,
        ]

    def test_logs_are_for_machines(self) -> None:
        assert evaluate("s.LOGGING['handlers']['stdout']['formatter']") == "json"

    def test_errors_are_mailed_where_a_mail_server_is_known(self) -> None:
        handlers = "s.LOGGING['root']['handlers']"

        assert evaluate(handlers, EMAIL_URI="smtp://mail.example.com") == ["stdout", "mail"]
        assert evaluate(handlers) == ["stdout"]
        assert evaluate(handlers, settings="local") == ["stdout"]

    @needs_driver
    def test_answers_are_protected(self) -> None:
        code = """
import django, json
from django.test import Client
django.setup()
client = Client(headers={"host": "example.com"})
print(json.dumps([
    client.get("/robots.txt").headers["Location"],
    dict(client.get("/robots.txt", secure=True).headers),
]))
"""
        done = python("-c", code, **COMPLETE)

        location, headers = json.loads(done.stdout.splitlines()[-1])
        assert location == "https://example.com/robots.txt"
        assert headers["Strict-Transport-Security"] == "max-age=3600"
        assert headers["Permissions-Policy"].startswith("camera=(), ")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"

    def test_https_is_demanded_for_longer_and_for_more_by_the_environment(self) -> None:
        hsts = "[s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD]"

        raised = evaluate(
            hsts, HSTS_SECONDS="31536000", HSTS_INCLUDE_SUBDOMAINS="true", HSTS_PRELOAD="true"
        )

        assert evaluate(hsts) == [3600, False, False]
        assert raised == [31536000, True, True]

    def test_key_before_is_still_good(self) -> None:
        assert evaluate("s.SECRET_KEY_FALLBACKS") == []
        assert evaluate("s.SECRET_KEY_FALLBACKS", SECRET_KEY_PREVIOUS="old") == ["old"]

    def test_staff_need_a_second_factor_unless_told_otherwise(self) -> None:
        assert evaluate("s.SECOND_FACTOR_REQUIRED") is True
        assert evaluate("s.SECOND_FACTOR_REQUIRED", SECOND_FACTOR_REQUIRED="false") is False

    def test_cookies_are_bound_to_the_host(self) -> None:
        names, secure = evaluate(
            "[[s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.KNOWN_BROWSER_COOKIE_NAME],"
            " [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE]]"
        )

        assert all(name.startswith("__Host-") for name in names)
        assert all(secure)


class TestDocker:
    def test_uses_the_services_and_listens_for_changed_files(self) -> None:
        backend, sources = evaluate(
            "[s.CACHES['default']['BACKEND'], s.CONTENT_SECURITY_POLICY['DIRECTIVES']['connect-src']]",
            settings="docker",
            LIVE_RELOAD_URL="http://localhost:4200",
        )

        assert backend == "django.core.cache.backends.redis.RedisCache"
        assert sources == ["'self'", "http://localhost:4200"]


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
def test_servers_find_the_application(server: str) -> None:
    assert callable(import_module(f"<< cookiecutter.project_slug >>.{server}").application)


class TestDependencies:
    def test_postgres_connections_are_kept_checked_and_given_up(self) -> None:
        settings = reading.database("postgres://app:p%40ss@db:5432/app")

        assert settings["PASSWORD"] == "p@ss"
        assert settings["CONN_MAX_AGE"] > 0
        assert settings["CONN_HEALTH_CHECKS"] is True
        assert settings["OPTIONS"]["connect_timeout"] <= 5

    @pytest.mark.parametrize("sign", "/?[")
    def test_password_that_was_not_encoded_is_refused_and_not_told(self, sign: str) -> None:
        # The second looks like a port.
        for secret in (f"qux{sign}zap", f"9876{sign}zap"):
            for name, uri in (
                ("DATABASE_URI", f"postgres://app:{secret}@db:5432/app"),
                ("REDIS_URI", f"redis://:{secret}@redis:6379/0"),
            ):
                code = "from django.conf import settings as s; s.DEBUG"
                done = python("-c", code, **COMPLETE | {name: uri})

                assert done.returncode == 1
                assert f"{name} is not understood" in done.stderr.splitlines()[-1]
                assert not [part for part in ("qux", "9876", "zap") if part in done.stderr]

    def test_hash_in_the_password_of_the_database(self) -> None:
        assert reading.database("postgres://app:p#ss@db:5432/app")["PASSWORD"] == "p#ss"

    def test_options_of_the_address_are_libpqs(self) -> None:
        address = (
            "postgres://app:p@db/app?sslmode=verify-full&sslrootcert=/ca.pem&keepalives_idle=60"
        )

        options = reading.database(address)["OPTIONS"]

        assert (options["sslmode"], options["sslrootcert"]) == ("verify-full", "/ca.pem")
        assert (options["keepalives_idle"], options["keepalives_count"]) == (60, 3)

    def test_sqlite_takes_no_options_of_postgres(self) -> None:
        assert "OPTIONS" not in reading.database("sqlite:////tmp/db.sqlite3")
