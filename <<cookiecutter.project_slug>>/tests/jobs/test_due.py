"""Due times: compared with a second implementation, and by hand where the clock changes."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from << cookiecutter.project_slug >>.jobs.due import NAMES, due_times

BERLIN = ZoneInfo("Europe/Berlin")
# Half an hour of daylight saving, at 2 o'clock.
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def field(low: int, high: int) -> st.SearchStrategy[str]:
    """A star, a number, a range, a list, each with or without a step."""
    number = st.integers(low, high)
    numbers = number.map(str)
    # Two ends that differ: croniter takes 0-0 for a whole week.
    ends = st.lists(number, min_size=2, max_size=2, unique=True)
    ranges = ends.map(sorted).map(lambda both: f"{both[0]}-{both[1]}")
    steps = st.integers(1, high)
    stepped = st.tuples(st.just("*") | ranges, steps).map(lambda parts: f"{parts[0]}/{parts[1]}")
    single = numbers | ranges | stepped
    return st.just("*") | single | st.lists(single, min_size=1, max_size=4).map(",".join)


# The 29th to the 31st are left to the tests by hand: a date that never comes is an error to both.
expressions = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map(
    " ".join
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


# No limit of time: a slow machine is no mistake.
@settings(deadline=None)
@given(expressions, moments)
def test_second_implementation_agrees(expression: str, after: datetime) -> None:
    other = croniter(expression, after, ret_type=datetime, implement_cron_bug=True)

    ours = list(islice(due_times(expression, after, UTC), 5))

    assert ours == [other.get_next() for _ in ours]
    assert len(ours) == 5


@settings(deadline=None)
@given(expressions, moments, st.sampled_from([BERLIN, LORD_HOWE, ZoneInfo("America/St_Johns")]))
def test_due_times_ascend_in_every_zone(expression: str, after: datetime, zone: ZoneInfo) -> None:
    found = [after, *islice(due_times(expression, after, zone), 10)]

    assert found == sorted(set(found))


@pytest.mark.parametrize("name", NAMES)
def test_names_mean_their_fields(name: str) -> None:
    after = datetime(2026, 5, 5, 5, 5, tzinfo=UTC)

    assert list(islice(due_times(name, after, UTC), 3)) == list(
        islice(due_times(NAMES[name], after, UTC), 3)
    )


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("* * * *", "neither five fields nor one of @hourly"),
        ("0 * * * * *", "neither five fields nor one of @hourly"),
        ("@reboot", "neither five fields nor one of @hourly"),
        ("60 * * * *", "bad minute"),
        ("* 24 * * *", "bad hour"),
        ("* * 0 * *", "bad day-of-month"),
        ("* * * 13 *", "bad month"),
        ("* * * * 8", "bad day-of-week"),
        ("*/0 * * * *", "bad minute"),
        ("5-1 * * * *", "bad minute"),
        ("x * * * *", "bad minute"),
        ("0 0 30 2 *", "bad day-of-month"),
    ],
)
def test_wrong_expression_is_refused(expression: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        due_times(expression, datetime(2026, 1, 1, tzinfo=UTC))


def local(expression: str, after: datetime, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    found = islice(due_times(expression, after, zone), count)
    return [f"{due.astimezone(zone):%d. %H:%M %z}" for due in found]


# In Berlin the clock went from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October.
SPRING = datetime(2026, 3, 28, 12, tzinfo=BERLIN)
AUTUMN = datetime(2026, 10, 24, 12, tzinfo=BERLIN)


def test_time_that_does_not_exist_comes_right_after_the_gap() -> None:
    assert local("30 2 * * *", SPRING, 2) == ["29. 03:00 +0200", "30. 02:30 +0200"]


def test_two_times_that_meet_after_the_gap_are_one() -> None:
    assert local("0 2,3 * * *", SPRING, 2) == ["29. 03:00 +0200", "30. 02:00 +0200"]


def test_time_that_comes_twice_is_due_the_first_time() -> None:
    assert local("30 2 * * *", AUTUMN, 2) == ["25. 02:30 +0200", "26. 02:30 +0100"]


def test_scheduler_that_starts_in_the_second_hour_does_not_repeat_the_first() -> None:
    second = datetime(2026, 10, 25, 2, 10, tzinfo=BERLIN, fold=1)

    assert local("30 2 * * *", second, 1) == ["26. 02:30 +0100"]


def test_hourly_job_follows_the_time_that_passes() -> None:
    before = datetime(2026, 10, 25, 1, 30, tzinfo=BERLIN)

    assert local("0 * * * *", before, 3) == [
        "25. 02:00 +0200",
        "25. 02:00 +0100",
        "25. 03:00 +0100",
    ]


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_every_minute_means_every_minute(day: datetime) -> None:
    found = list(islice(due_times("* * * * *", day, BERLIN), 2 * 24 * 60))

    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=1)}


def test_change_of_half_an_hour() -> None:
    day = datetime(2026, 10, 3, 12, tzinfo=LORD_HOWE)

    assert local("15 2 * * *", day, 2, LORD_HOWE) == ["04. 02:30 +1100", "05. 02:15 +1100"]


def test_leap_day_is_waited_for() -> None:
    found = list(islice(due_times("0 0 29 2 *", datetime(2026, 1, 1, tzinfo=UTC), UTC), 2))

    assert [due.year for due in found] == [2028, 2032]


def test_date_that_never_comes_ends_the_list() -> None:
    # The last Monday of a month is never its 1st or 21st.
    assert list(due_times("0 0 */20 * 1L", datetime(2026, 1, 1, tzinfo=UTC), UTC)) == []
