"""The app of the users."""

from django.apps import AppConfig


class UsersConfig(AppConfig):
    """Accounts of the people who sign in."""

    name = "<< cookiecutter.project_slug >>.users"
