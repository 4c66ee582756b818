"""The app of the login."""

from django.apps import AppConfig
from django.contrib import admin


class LoginConfig(AppConfig):
    """Guards the accounts: a limit of wrong passwords, a second factor, the end of idle sessions."""

    name = "<< cookiecutter.project_slug >>.login"

    def ready(self) -> None:
        """Put the login's own form into the admin."""
        from .limit import LoginForm  # noqa: PLC0415 # Models can be imported from here on.

        admin.site.login_form = LoginForm
