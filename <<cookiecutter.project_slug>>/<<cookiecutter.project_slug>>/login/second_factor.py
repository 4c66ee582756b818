"""The second factor of staff: a code from an app on their telephone, or one of ten recovery codes."""

import logging
import re
import time
from base64 import b32encode
from typing import cast

import segno
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_otp import login, user_has_device, verify_token
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key

# Six digits are from the app, recovery codes are longer.
APP_CODE_LENGTH = 6
RECOVERY_CODES = 10
# Where a session keeps the key that its owner has not confirmed yet.
NEW_KEY = "second_factor_new_key"

logger = logging.getLogger(__name__)


class CodeForm(forms.Form):
    """One code, with or without the spaces that people and apps put into it."""

    code = forms.CharField(
        label=_("Code"),
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}
        ),
    )

    def clean_code(self) -> str:
        return "".join(str(self.cleaned_data["code"]).lower().split()).replace("-", "")


def is_missing(user: AbstractUser) -> bool:
    """Tell whether a session has yet to show a second factor before it may do what staff may."""
    if user.is_verified():  # type: ignore[attr-defined]
        return False
    return bool(settings.SECOND_FACTOR_REQUIRED or user_has_device(user))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask for a code; let staff who have none, or whose session has shown one, set up an app."""
    user = cast(AbstractUser, request.user)
    if not user.is_authenticated or not user.is_staff:
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if is_missing(user) and user_has_device(user):
        return _verify(request, user)
    return _set_up(request, user)


def _verify(request: HttpRequest, user: AbstractUser) -> HttpResponse:
    form = CodeForm(request.POST or None)
    if form.is_valid():
        device = _matching_device(user, form.cleaned_data["code"])
        if device:
            _let_in(request, device)
            return redirect(_next(request))
        logger.warning("a wrong second factor of user %s", user.pk)
        form.add_error(
            "code", _("This code is wrong, was used before, or came too soon after another.")
        )
    return _page(request, form, {"title": _("Second factor")})


def _matching_device(user: AbstractUser, code: str) -> TOTPDevice | StaticDevice | None:
    """Return what accepts the code. Each try makes the next one wait longer, hence only the kind it can be."""
    kind = TOTPDevice if len(code) == APP_CODE_LENGTH else StaticDevice
    for device in kind.objects.devices_for_user(user, confirmed=True):
        if verify_token(user, device.persistent_id, code):
            if kind is StaticDevice:
                logger.warning("user %s used a recovery code", user.pk)
            return cast("TOTPDevice | StaticDevice", device)
    return None


def _set_up(request: HttpRequest, user: AbstractUser) -> HttpResponse:
    # A new key for each session: nobody else has seen it.
    key = request.session.setdefault(NEW_KEY, default_key())
    device = TOTPDevice(user=user, name="app", key=key)
    form = CodeForm(request.POST or None)
    if form.is_valid():
        totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
        totp.time = time.time()
        code = form.cleaned_data["code"]
        if code.isdecimal() and totp.verify(int(code), device.tolerance):
            device.last_t = totp.t()
            return _finish(request, user, device)
        form.add_error("code", _("This code is wrong. Is the clock of your telephone right?"))
    picture = segno.make(device.config_url, micro=False).svg_data_uri(scale=4, light="white")
    shown = {
        "title": _("Set up your second factor"),
        "picture": picture,
        "address": device.config_url,
        # In groups of four, for those who type it.
        "key": " ".join(re.findall("....", b32encode(device.bin_key).decode())),
    }
    return _page(request, form, shown)


def _finish(request: HttpRequest, user: AbstractUser, device: TOTPDevice) -> HttpResponse:
    """Put the new app and new recovery codes in the place of the old ones, and show the codes, once."""
    codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
    with transaction.atomic():
        remove(user)
        device.save()
        recovery = StaticDevice.objects.create(user=user, name="recovery codes")
        StaticToken.objects.bulk_create(StaticToken(device=recovery, token=code) for code in codes)
    _let_in(request, device)
    logger.info("user %s set up a second factor", user.pk)
    return _page(request, None, {"title": _("Your recovery codes"), "codes": codes})


def remove(user: AbstractUser) -> int:
    """Remove a person's second factor; return how many devices there were."""
    devices = [kind.objects.filter(user=user) for kind in (TOTPDevice, StaticDevice)]
    number = sum(len(found) for found in devices)
    for found in devices:
        found.delete()
    return number


def _let_in(request: HttpRequest, device: TOTPDevice | StaticDevice) -> None:
    request.session.pop(NEW_KEY, None)
    # What was known of the session before it could do more is worth nothing from now on.
    request.session.cycle_key()
    login(request, device)


def _next(request: HttpRequest) -> str:
    target = request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return target if safe else reverse("admin:index")


def _page(request: HttpRequest, form: CodeForm | None, shown: dict[str, object]) -> HttpResponse:
    context = {**admin.site.each_context(request), "form": form, "next": _next(request), **shown}
    return render(request, "admin/second_factor.html", context)
