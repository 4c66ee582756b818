"""The history in the admin: the list, a run, the timeline."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from << cookiecutter.project_slug >>.jobs.models import CrontabLine, Run
from << cookiecutter.project_slug >>.jobs.timeline import STRETCHES, Bar, Window, rows

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)
TIMELINE = "/admin/jobs/run/timeline/"


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "get_current_timezone", lambda: UTC)
    monkeypatch.setattr(timezone, "get_default_timezone", lambda: UTC)


def ran(state: str, begin: datetime, end: datetime | None, due: datetime | None = None) -> Run:
    return Run.objects.create(
        job="clear_sessions", state=state, started=begin, ended=end, scheduled=due
    )


def bars(days: int = 1) -> list[Bar]:
    found = {row.state.name: row.bars for row in rows(Window(days, NOON))}
    return found["clear_sessions"]


def told(days: int = 1) -> list[tuple[int, str, str]]:
    return [(bar.x, bar.state, bar.title) for bar in bars(days)]


def at(hour: int, minute: int = 0, day: int = 6) -> datetime:
    return datetime(2026, 5, day, hour, minute, tzinfo=UTC)


def test_run_is_a_bar_where_it_ran() -> None:
    ran("succeeded", at(6), at(6, 5))

    assert told() == [(36, "succeeded", "Wed 06:00 to 06:10: 1 succeeded")]
    (bar,) = bars()
    assert bar.y + bar.height == 100


def test_long_run_is_as_many_bars_as_it_lasted() -> None:
    ran("failed", at(6, 5), at(6, 35))

    assert [bar.x for bar in bars()] == [36, 37, 38, 39]


def test_run_that_goes_on_reaches_until_now() -> None:
    ran("running", at(11, 35), None)

    assert told() == [
        (69, "running", "Wed 11:30 to 11:40: 1 running"),
        (70, "running", "Wed 11:40 to 11:50: 1 running"),
        (71, "running", "Wed 11:50 to 12:00: 1 running"),
        (72, "running", "Wed 12:00 to 12:10: 1 running"),
    ]


def test_worst_run_is_shown_and_all_are_counted() -> None:
    ran("succeeded", at(6), at(6))
    ran("failed", at(6, 1), at(6, 1))
    ran("succeeded", at(6, 2), at(6, 2))

    assert told() == [(36, "failed", "Wed 06:00 to 06:10: 1 failed, 2 succeeded")]


def test_skipped_run_is_where_it_was_due() -> None:
    ran("skipped", at(9), at(9), due=at(6))

    assert told() == [(36, "skipped", "Wed 06:00 to 06:10: 1 skipped")]


def test_run_of_yesterday_is_seen_on_three_days_only() -> None:
    ran("succeeded", at(6, day=5), at(6, 1, day=5))

    assert told() == []
    assert told(3) == [(60, "succeeded", "Tue 06:00 to 06:30: 1 succeeded")]


def test_run_over_midnight_begins_at_the_edge() -> None:
    ran("succeeded", at(23, day=5), at(0, 5))

    assert [bar.x for bar in bars()] == [0]


def test_run_of_a_clock_that_was_ahead_is_not_of_today() -> None:
    ran("succeeded", at(6, day=28), at(6, day=28))

    assert told() == []


def test_due_times_of_today_are_marked() -> None:
    CrontabLine.objects.create(job="clear_sessions", expression="0 */6 * * *", since=at(0))
    CrontabLine.objects.create(job="clear_sessions", expression="5 18 * * *", since=at(0))

    assert {(bar.x, bar.state) for bar in bars()} == {(108, "due")}


@pytest.mark.parametrize("days", STRETCHES)
def test_days_with_a_clock_change(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    monkeypatch.setattr(timezone, "get_current_timezone", lambda: berlin)
    window = Window(days, datetime(2026, 10, 25, 12, tzinfo=UTC))

    assert len(window.dates) == days
    assert window.index(window.start) == 0
    assert window.index(window.end - timedelta(seconds=1)) == window.stretches - 1


def test_page_shows_each_job(admin_client: Client) -> None:
    run = ran("timed_out", timezone.now(), timezone.now())
    CrontabLine.objects.create(
        job="clear_sessions", expression="* * * * *", since=timezone.now() - timedelta(days=1)
    )
    page = admin_client.get(TIMELINE).content.decode()

    for name in ("check_certificates", "clear_sessions", "daily_report"):
        assert f'id="job-{name}"' in page
    assert f"/admin/jobs/run/{run.pk}/change/" in page
    assert '<rect data-state="timed_out"' in page
    assert "never ran" in page
    assert "not scheduled" in page
    assert "style=" not in page


def test_overdue_job_is_told(admin_client: Client) -> None:
    CrontabLine.objects.create(
        job="clear_sessions", expression="* * * * *", since=timezone.now() - timedelta(hours=1)
    )

    assert "overdue" in admin_client.get(TIMELINE).content.decode()


@pytest.mark.parametrize("given", ["1", "3", "7", "2", "x", "-1", "", "99999999999"])
def test_days_that_are_not_offered_are_the_usual_ones(admin_client: Client, given: str) -> None:
    page = admin_client.get(TIMELINE, {"days": given})

    assert len(page.context["window"].dates) == (int(given) if given in ("1", "7") else 3)


def test_list_and_run(admin_client: Client) -> None:
    run = ran("failed", at(6), at(7))
    Run.objects.update(error="<b>Trace</b>\nback")

    listed = admin_client.get("/admin/jobs/run/").content.decode()
    shown = admin_client.get(f"/admin/jobs/run/{run.pk}/change/").content.decode()

    assert TIMELINE in listed
    assert 'data-state="failed">Failed<' in listed
    assert "&lt;b&gt;Trace&lt;/b&gt;\nback" in shown


@pytest.mark.parametrize("action", ["add/", "1/delete/"])
def test_history_cannot_be_changed(admin_client: Client, action: str) -> None:
    run = ran("failed", at(6), at(7))

    assert (
        admin_client.post(f"/admin/jobs/run/{action}".replace("1", str(run.pk))).status_code == 403
    )
    assert admin_client.post(f"/admin/jobs/run/{run.pk}/change/").status_code == 403


def test_timeline_is_for_those_who_may_see_runs(client: Client) -> None:
    assert client.get(TIMELINE).status_code == 302
    client.force_login(get_user_model().objects.create_user("staff", is_staff=True))

    assert client.get(TIMELINE).status_code == 403
