"""How often a password may be guessed, and that its owner still gets in."""

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from << cookiecutter.project_slug >>.login.limit import FAILURES
from << cookiecutter.project_slug >>.users.models import User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
TOO_MANY = b"Too many wrong passwords for this account"


@pytest.fixture(autouse=True)
def nobody_has_guessed() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def ada(settings: Settings) -> User:
    # The limit is what is tried here, not the strength of the hash.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_user("ada", password=PASSWORD, is_staff=True)


def sign_in(client: Client, password: str = PASSWORD, username: str = "ada") -> int:
    """Try to sign in; return the status: 302 when that worked, 429 when the limit was reached, else 200."""
    response = client.post("/admin/login/", {"username": username, "password": password})
    return 429 if TOO_MANY in response.content else response.status_code


def guess(username: str = "ada", times: int = FAILURES) -> None:
    """Guess wrong, each time in another browser."""
    for number in range(times):
        assert sign_in(Client(), f"guess {number}", username) == 200


def test_last_try_counts() -> None:
    guess(times=FAILURES - 1)

    assert sign_in(Client()) == 302


def test_guessing_from_many_places_has_an_end() -> None:
    guess()

    assert sign_in(Client(REMOTE_ADDR="192.0.2.99")) == 429
    assert sign_in(Client(), username="ADA") == 429


def test_owner_gets_in_with_their_own_browser_all_the_same(client: Client) -> None:
    assert sign_in(client) == 302
    client.post("/admin/logout/")
    guess()

    assert sign_in(client) == 302


def test_known_browser_may_not_guess_for_ever_either(client: Client) -> None:
    sign_in(client)
    client.post("/admin/logout/")
    for number in range(FAILURES):
        assert sign_in(client, f"guess {number}") == 200

    assert sign_in(client) == 429
    assert sign_in(Client()) == 302


def test_right_password_makes_up_for_wrong_ones_of_a_known_browser(client: Client) -> None:
    sign_in(client)
    for _ in range(2):
        for number in range(FAILURES - 1):
            sign_in(client, f"guess {number}")
        assert sign_in(client) == 302


def test_browser_is_known_for_one_account_alone(client: Client) -> None:
    User.objects.create_user("eve", password=PASSWORD, is_staff=True)
    sign_in(client, username="eve")
    guess()

    assert sign_in(client) == 429


@pytest.mark.parametrize("forged", ["", "x", "WyJhZGEiLCJ4Il0:1abcde:forged"])
def test_forged_cookie_makes_no_browser_known(
    client: Client, settings: Settings, forged: str
) -> None:
    guess()
    client.cookies[settings.KNOWN_BROWSER_COOKIE_NAME] = forged

    assert sign_in(client) == 429


def test_cookie_is_out_of_reach_of_scripts(client: Client, settings: Settings) -> None:
    sign_in(client)

    cookie = client.cookies[settings.KNOWN_BROWSER_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_accounts_that_do_not_exist_look_the_same() -> None:
    guess("nobody")

    assert sign_in(Client(), username="nobody") == 429


def test_other_accounts_are_not_concerned() -> None:
    guess("nobody")

    assert sign_in(Client()) == 302


def test_time_lifts_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("<< cookiecutter.project_slug >>.login.limit.SECONDS", 0)
    for number in range(FAILURES + 1):
        sign_in(Client(), f"guess {number}")

    assert sign_in(Client()) == 302


def test_people_get_in_without_the_cache(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.GoneCache"}}

    assert sign_in(Client(), "a guess") == 200
    assert sign_in(Client()) == 302
    assert "wrong passwords are not limited: the cache is gone" in caplog.text


class GoneCache:
    """A cache that cannot be reached."""

    def __init__(self, location: str, options: dict[str, object]) -> None:
        pass

    def __getattr__(self, name: str) -> object:
        if name == "close":
            return lambda **_: None
        raise ConnectionError("the cache is gone")
