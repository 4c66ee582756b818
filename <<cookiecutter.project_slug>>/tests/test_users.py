"""The people who sign in."""

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from << cookiecutter.project_slug >>.users.models import User

pytestmark = pytest.mark.django_db


def test_user_is_our_own_model() -> None:
    assert get_user_model() is User


def test_passwords_are_kept_as_argon2() -> None:
    user = User.objects.create_user("ada", password="correct horse")

    assert user.password.startswith("argon2$argon2id$")
    assert user.check_password("correct horse")


def test_session_survives_the_loss_of_the_cache(admin_client: Client) -> None:
    cache.clear()

    assert admin_client.get("/admin/").status_code == 200


def test_admin_lists_users(admin_client: Client) -> None:
    User.objects.create_user("grace", email="grace@example.com")

    assert b"grace@example.com" in admin_client.get("/admin/users/user/").content
