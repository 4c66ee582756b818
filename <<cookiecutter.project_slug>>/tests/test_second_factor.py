"""The second factor of staff, from its set-up to its loss, and the end of a session nobody uses."""

import re
import time
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from << cookiecutter.project_slug >>.login.second_factor import NEW_KEY, RECOVERY_CODES
from << cookiecutter.project_slug >>.users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

PAGE = "/admin/second-factor/"
ASKED = f"{PAGE}?next=/admin/"


def own_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"for {request.user}")


urlpatterns = [
    path("own/", own_view),
    path("", include("<< cookiecutter.project_slug >>.urls")),
]


@pytest.fixture(autouse=True)
def required(settings: Settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada", password="correct horse")


@pytest.fixture
def signed_in(client: Client, ada: User) -> Client:
    """A browser that has shown the password and nothing else."""
    client.force_login(ada)
    return client


def code_for(key: str, steps: int = 0) -> str:
    """What the app shows, or will show in so many half minutes."""
    return f"{totp(bytes.fromhex(key), drift=steps):06}"


def set_up(client: Client) -> tuple[str, list[str]]:
    """Set the second factor up; return its key and the recovery codes."""
    client.get(PAGE)
    key = client.session[NEW_KEY]
    page = client.post(PAGE, {"code": code_for(key)})
    codes = re.findall(r"<li>(\w+)</li>", page.content.decode())
    assert len(codes) == RECOVERY_CODES, page.content.decode()
    return key, codes


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Puts the clock forward by so many seconds."""
    real = time.time

    def forward(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: real() + seconds)

    return forward


@pytest.fixture
def factor(signed_in: Client, ada: User) -> tuple[Client, str, list[str]]:
    """A new browser that has shown ada's password, the key of her app, and her recovery codes."""
    key, codes = set_up(signed_in)
    # As if that had been a while ago: an app's code is good once.
    TOTPDevice.objects.update(last_t=-1)
    client = Client()
    client.force_login(ada)
    return client, key, codes


def test_first_login_leads_to_the_set_up(signed_in: Client) -> None:
    assertRedirects(signed_in.get("/admin/"), ASKED)
    page = signed_in.get(ASKED)

    assertContains(page, 'src="data:image/svg+xml')
    assertContains(page, "otpauth://totp/")
    assert "no-store" in page["Cache-Control"]


def test_set_up_opens_the_admin_and_shows_the_recovery_codes_once(signed_in: Client) -> None:
    _, codes = set_up(signed_in)

    assert len(set(codes)) == RECOVERY_CODES
    assert signed_in.get("/admin/").status_code == 200
    assertNotContains(signed_in.get(PAGE), codes[0])


def test_set_up_needs_the_right_code(signed_in: Client) -> None:
    signed_in.get(PAGE)
    wrong = str(int(code_for(signed_in.session[NEW_KEY])) ^ 1).zfill(6)

    for code in (wrong, "", "abcdef", "9" * 32, "9" * 33):
        assertContains(signed_in.post(PAGE, {"code": code}), 'class="errorlist"')
    assertRedirects(signed_in.get("/admin/"), ASKED)


def test_key_is_another_in_each_session(signed_in: Client, ada: User) -> None:
    """Or who once saw the page would know the key that its owner confirms later."""
    signed_in.get(PAGE)
    other = Client()
    other.force_login(ada)
    other.get(PAGE)

    assert other.session[NEW_KEY] != signed_in.session[NEW_KEY]


def test_code_of_the_app_lets_in(factor: tuple[Client, str, list[str]]) -> None:
    client, key, _ = factor
    before = client.session.session_key

    code = code_for(key)
    response = client.post(f"{PAGE}?next=/admin/users/", {"code": f"{code[:3]} {code[3:]}"})

    assertRedirects(response, "/admin/users/")
    assert client.session.session_key != before


def test_code_is_good_once(factor: tuple[Client, str, list[str]], ada: User) -> None:
    client, key, _ = factor
    code = code_for(key)
    client.post(PAGE, {"code": code})
    thief = Client()
    thief.force_login(ada)

    assertContains(thief.post(PAGE, {"code": code}), "was used before")
    assert thief.get("/admin/").status_code == 302


def test_code_of_the_set_up_is_no_good_for_the_login(signed_in: Client, ada: User) -> None:
    signed_in.get(PAGE)
    code = code_for(signed_in.session[NEW_KEY])
    signed_in.post(PAGE, {"code": code})
    thief = Client()
    thief.force_login(ada)

    assertContains(thief.post(PAGE, {"code": code}), "was used before")


def test_recovery_code_is_good_once(factor: tuple[Client, str, list[str]], ada: User) -> None:
    client, _, codes = factor
    assertRedirects(client.post(PAGE, {"code": f" {codes[3].upper()} "}), "/admin/")
    thief = Client()
    thief.force_login(ada)

    assert thief.post(PAGE, {"code": codes[3]}).status_code == 200
    assert thief.get("/admin/").status_code == 302


def test_guessing_gets_slower_and_slower(
    factor: tuple[Client, str, list[str]], settings: Settings
) -> None:
    settings.OTP_TOTP_THROTTLE_FACTOR = 60  # seconds, doubled by each wrong code
    client, key, _ = factor
    client.post(PAGE, {"code": str(int(code_for(key)) ^ 1).zfill(6)})

    # Right, but too soon.
    assert client.post(PAGE, {"code": code_for(key)}).status_code == 200
    assert client.get("/admin/").status_code == 302


def test_who_has_one_is_asked_for_it_and_cannot_set_up_another(
    factor: tuple[Client, str, list[str]],
) -> None:
    client, _, _ = factor

    assertNotContains(client.get(PAGE), "otpauth")
    client.post(PAGE, {"code": "000000"})
    assert TOTPDevice.objects.count() == 1


def test_new_set_up_takes_the_place_of_the_old_one(
    factor: tuple[Client, str, list[str]], ada: User
) -> None:
    client, key, codes = factor
    client.post(PAGE, {"code": codes[0]})
    new_key, _ = set_up(client)

    assert new_key != key
    assert [device.key for device in TOTPDevice.objects.all()] == [new_key]
    stranger = Client()
    stranger.force_login(ada)
    assert stranger.post(PAGE, {"code": codes[1]}).status_code == 200


def test_every_view_is_guarded_that_does_not_say_otherwise(signed_in: Client) -> None:
    assertRedirects(signed_in.get("/own/"), f"{PAGE}?next=/own/", fetch_redirect_response=False)
    assert signed_in.post("/own/").status_code == 302
    assert signed_in.get("/robots.txt").status_code == 200
    assert signed_in.get("/").status_code == 200
    assert signed_in.post("/admin/logout/").status_code == 200


def test_others_than_staff_need_none(client: Client) -> None:
    client.force_login(User.objects.create_user("visitor"))

    assert client.get("/own/").content == b"for visitor"
    assert Client().get("/own/").content == b"for AnonymousUser"
    assert client.get(PAGE).status_code == 302
    assert Client().get(PAGE).status_code == 302


def test_can_be_left_to_each_person(signed_in: Client, ada: User, settings: Settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = False
    assert signed_in.get("/admin/").status_code == 200

    set_up(signed_in)
    again = Client()
    again.force_login(ada)

    assert signed_in.get("/admin/").status_code == 200
    assertRedirects(again.get("/admin/"), ASKED)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert()"]
)
def test_leads_nowhere_else(factor: tuple[Client, str, list[str]], target: str) -> None:
    client, key, _ = factor

    response = client.post(f"{PAGE}?next={target}", {"code": code_for(key)})

    assertRedirects(response, "/admin/")


def test_way_back_for_who_lost_everything(
    factor: tuple[Client, str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    client, key, _ = factor
    client.post(PAGE, {"code": code_for(key)})

    call_command("remove_second_factor", "ada")

    assert "change the password first" in capsys.readouterr().out
    # Sessions that had shown it have to show the next one.
    assertRedirects(client.get("/admin/"), ASKED)
    set_up(client)
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    ("name", "problem"), [("nobody", "no user 'nobody'"), ("ada", "ada has no second factor")]
)
def test_way_back_names_what_is_wrong(ada: User, name: str, problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        call_command("remove_second_factor", name)


def test_colleagues_see_no_keys(factor: tuple[Client, str, list[str]]) -> None:
    client, key, codes = factor
    client.post(PAGE, {"code": codes[0]})
    device = TOTPDevice.objects.get()

    shown = client.get(f"/admin/otp_totp/totpdevice/{device.pk}/change/")
    qr_code = client.get(f"/admin/otp_totp/totpdevice/{device.pk}/config/")
    recovery = client.get(f"/admin/otp_static/staticdevice/{device.pk}/change/")

    assert shown.status_code == recovery.status_code == 200
    assertNotContains(shown, key)
    assertNotContains(recovery, codes[1])
    assert qr_code.status_code == 403


class TestIdleEnd:
    @pytest.fixture(autouse=True)
    def half_an_hour(self, settings: Settings) -> None:
        settings.SECOND_FACTOR_REQUIRED = False
        settings.STAFF_IDLE_SECONDS = 1800

    def test_session_that_nobody_uses_ends(
        self, signed_in: Client, clock: Callable[[float], None]
    ) -> None:
        assert signed_in.get("/admin/").status_code == 200
        clock(1900)

        assertRedirects(signed_in.get("/admin/users/"), "/admin/login/?next=/admin/users/")
        assert "_auth_user_id" not in signed_in.session

    def test_session_that_is_used_goes_on(
        self, signed_in: Client, clock: Callable[[float], None]
    ) -> None:
        for seconds in range(0, 6000, 1500):
            clock(seconds)
            assert signed_in.get("/admin/").status_code == 200

    def test_looking_at_the_health_check_is_no_use(
        self, signed_in: Client, clock: Callable[[float], None]
    ) -> None:
        signed_in.get("/admin/")
        clock(1000)
        signed_in.get("/robots.txt")
        clock(1900)

        assert signed_in.get("/admin/").status_code == 302

    def test_who_signs_in_again_begins_anew(
        self, signed_in: Client, clock: Callable[[float], None]
    ) -> None:
        signed_in.get("/admin/")
        clock(1900)
        signed_in.post("/admin/login/", {"username": "ada", "password": "correct horse"})

        assert signed_in.get("/admin/").status_code == 200

    def test_others_than_staff_may_rest(
        self, client: Client, clock: Callable[[float], None]
    ) -> None:
        client.force_login(User.objects.create_user("visitor"))
        client.get("/own/")
        clock(100_000)

        assert client.get("/own/").content == b"for visitor"

    def test_can_be_switched_off(
        self, signed_in: Client, settings: Settings, clock: Callable[[float], None]
    ) -> None:
        settings.STAFF_IDLE_SECONDS = 0
        signed_in.get("/admin/")
        clock(100_000)

        assert signed_in.get("/admin/").status_code == 200
