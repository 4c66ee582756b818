"""The people who sign in."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import Argon2PasswordHasher, get_hasher
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from << cookiecutter.project_slug >>.login.hashers import Argon2Hasher
from << cookiecutter.project_slug >>.users.models import User

pytestmark = pytest.mark.django_db


def test_user_is_our_own_model() -> None:
    assert get_user_model() is User


def test_passwords_are_kept_as_argon2() -> None:
    user = User.objects.create_user("ada", password="correct horse")

    assert user.password.startswith("argon2$argon2id$")
    assert user.check_password("correct horse")


def test_password_costs_little_enough_memory_for_all_threads_at_once() -> None:
    hasher = get_hasher()
    assert isinstance(hasher, Argon2Hasher)
    parameters = hasher.params()

    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19_456, 2, 1)


def test_hash_of_another_strength_works_and_is_renewed_at_the_login(client: Client) -> None:
    user = User.objects.create_user("ada", is_staff=True)
    user.password = Argon2PasswordHasher().encode("correct horse", "a salt of the past")
    user.save()

    assert client.login(username="ada", password="correct horse")

    user.refresh_from_db()
    assert "$m=19456,t=2,p=1$" in user.password
    assert user.check_password("correct horse")


def test_sessions_survive_a_new_secret_key(admin_client: Client, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"

    assert admin_client.get("/admin/").status_code == 200

    # It is signed with the new key by now.
    settings.SECRET_KEY_FALLBACKS = []
    assert admin_client.get("/admin/").status_code == 200


def test_sessions_end_with_a_key_that_is_no_longer_known(
    admin_client: Client, settings: Settings
) -> None:
    settings.SECRET_KEY = "another"

    assert admin_client.get("/admin/").status_code == 302


def test_session_survives_the_loss_of_the_cache(admin_client: Client) -> None:
    cache.clear()

    assert admin_client.get("/admin/").status_code == 200


def test_admin_lists_users(admin_client: Client) -> None:
    User.objects.create_user("grace", email="grace@example.com")

    assert b"grace@example.com" in admin_client.get("/admin/users/user/").content
