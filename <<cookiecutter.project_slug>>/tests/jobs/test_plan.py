"""Each due time is handed out once, whatever the clock does."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from << cookiecutter.project_slug >>.jobs import crontab
from << cookiecutter.project_slug >>.jobs.plan import Plan

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time zone with daylight saving."""
    monkeypatch.setattr(timezone, "get_default_timezone", lambda: BERLIN)


def plan(expression: str, start: datetime = START) -> Plan:
    (line,) = crontab.parse(f"{expression} clear_sessions\n")
    return Plan(line, start, start)


def test_year_of_minutes(in_berlin: None) -> None:
    """Each due time comes once, in a year with both clock changes."""
    counts = {
        "*/30 * * * *": 365 * 24 * 2,
        "30 2 * * *": 365,
    }
    plans = {expression: plan(expression) for expression in counts}
    runs: dict[str, list[datetime]] = {expression: [] for expression in counts}
    # A little late, as in real life.
    now = START + timedelta(seconds=0.2)
    for _ in range(365 * 24 * 60):
        now += MINUTE
        for expression, followed in plans.items():
            runs[expression] += followed.look(now)

    assert {expression: len(due) for expression, due in runs.items()} == counts
    assert all(due == sorted(set(due)) for due in runs.values())


def test_nothing_is_due_twice() -> None:
    followed = plan("* * * * *")
    now = START + MINUTE

    assert followed.look(now) == [now]
    assert followed.look(now) == []
    assert followed.look(now + timedelta(seconds=59)) == []


def test_pause_hands_out_all_that_was_due() -> None:
    assert plan("*/10 * * * *").look(START + timedelta(minutes=35)) == [
        START + timedelta(minutes=minutes) for minutes in (10, 20, 30)
    ]


def test_long_absence_is_cut() -> None:
    (line,) = crontab.parse("@daily clear_sessions\n")

    assert (
        len(Plan(line, START, START + timedelta(days=365)).look(START + timedelta(days=365))) == 31
    )


def test_clock_put_forward_by_years_is_cut_as_well() -> None:
    followed = plan("@daily")
    followed.look(START)

    assert len(followed.look(START + timedelta(days=3650))) == 31


def test_clock_put_back_hands_out_again_what_the_app_will_refuse() -> None:
    followed = plan("* * * * *")
    followed.look(START + 60 * MINUTE)

    again = followed.look(START + 30 * MINUTE)
    later = followed.look(START + 32 * MINUTE)

    assert again == []
    assert later == [START + 31 * MINUTE, START + 32 * MINUTE]


def test_clock_put_back_from_far_ahead_does_not_wait_for_years(in_berlin: None) -> None:
    followed = plan("@daily", START + timedelta(days=3650))
    followed.look(START)

    assert followed.next == datetime(2026, 1, 1, 23, tzinfo=UTC)
