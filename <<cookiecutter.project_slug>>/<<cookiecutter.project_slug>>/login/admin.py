"""The login of the admin."""

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class LoginForm(AdminAuthenticationForm):
    """Django's, which also says when no password counts for now."""

    def get_invalid_login_error(self) -> ValidationError:
        if self.request and self.request.META.get("login_limited"):
            return ValidationError(
                _(
                    "Too many wrong passwords for this account. Try again in a quarter of an hour, or now in a "
                    "browser in which you have signed in before."
                ),
                code="limited",
            )
        return super().get_invalid_login_error()


admin.site.login_form = LoginForm
