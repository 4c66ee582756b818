"""Due times, the lines of a crontab, and which of their due times have come.

Due times are compared with a second implementation, and by hand where the clock changes.
"""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from django import conf
from django.core.management import CommandError, call_command
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from << cookiecutter.project_slug >>.jobs.calendar import (
    NAMES,
    CrontabError,
    Plan,
    due_times,
    parse,
    read,
)
from << cookiecutter.project_slug >>.jobs.lease import Lease

from .conftest import Make

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


TEXT = """\
# A comment, then an empty line.

17 * * * *    clear_sessions
  @daily\tdaily_report --catch-up
30 6 * * MON-FRI check_certificates days=30
"""


def test_lines_are_read() -> None:
    hourly, daily, weekdays = parse(TEXT)

    assert (hourly.number, hourly.expression, hourly.job.name) == (
        3,
        "17 * * * *",
        "clear_sessions",
    )
    assert (hourly.catch_up, hourly.parameters) == (False, {})
    assert (daily.number, daily.expression, daily.catch_up) == (4, "@daily", True)
    assert weekdays.parameters == {"days": 30}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("* * * * * unknown", "there is no job 'unknown', only check_certificates, clear_sessions"),
        ("* * * * *", "no job after the time"),
        ("61 * * * * clear_sessions", "'61 * * * *': bad minute"),
        ("@reboot clear_sessions", "'@reboot' is neither five fields nor one of"),
        ("MAILTO=me@example.com", "'MAILTO=me@example.com' is neither"),
        ("0 0 */20 * 1L clear_sessions", "'0 0 */20 * 1L' is never due"),
        ("* * * * * clear_sessions now", "'now' is no parameter: write it as name=value"),
        ("* * * * * check_certificates days=x", "days must be int, not 'x'"),
        ("* * * * * * clear_sessions", "there is no job '*'"),
    ],
)
def test_wrong_line_is_named_with_the_reason(line: str, problem: str) -> None:
    with pytest.raises(CrontabError) as caught:
        parse(f"# first\n17 * * * * clear_sessions\n{line}\n")

    assert str(caught.value).startswith("crontab, line 3: ")
    assert problem in str(caught.value)


def test_all_wrong_lines_are_named() -> None:
    with pytest.raises(CrontabError) as caught:
        parse("x\n* * * * * clear_sessions\ny\n")

    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "crontab, line 1",
        "crontab, line 3",
    ]


def test_line_that_is_there_twice_is_refused() -> None:
    with pytest.raises(CrontabError, match="line 2: says the same as line 1"):
        parse("1 2 * * * clear_sessions\n1 2 * * * clear_sessions --catch-up\n")


def test_lines_of_one_time_may_ask_for_different_things() -> None:
    lines = parse("1 2 * * * check_certificates days=1\n1 2 * * * check_certificates days=2\n")

    assert [line.parameters for line in lines] == [{"days": 1}, {"days": 2}]


def test_line_that_no_index_takes_is_refused(make: Make) -> None:
    def work(lease: Lease, text: str) -> None:
        pass

    make(work)
    with pytest.raises(CrontabError, match="line 1: it is longer than 500 characters"):
        parse(f"1 2 * * * test text={'x' * 500}\n")


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CrontabError, match="No such file"):
        read(tmp_path / "crontab")


def test_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "crontab").write_bytes(b"\xff\xfe")
    with pytest.raises(CrontabError, match="utf-8"):
        read(tmp_path / "crontab")


def test_crontab_of_the_project_is_right() -> None:
    names = [line.job.name for line in read(Path(conf.settings.CRONTAB))]

    assert names == ["clear_sessions", "daily_report", "check_certificates"]


def test_command_prints_the_next_five_times(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(lambda lease: None)
    path = tmp_path / "crontab"
    path.write_text("0 12 1 1 * clear_sessions\n")

    call_command("crontab", str(path))

    printed = capsys.readouterr().out
    assert "clear_sessions (lease 60 s, timeout 600 s)\n  line 1: 0 12 1 1 *\n" in printed
    assert printed.count("-01-01 12:00") == 5
    assert "test (lease 60 s, timeout 60 s)\n  not in the crontab\n" in printed


def test_command_refuses_a_wrong_line(tmp_path: Path) -> None:
    path = tmp_path / "crontab"
    path.write_text("wrong\n")
    with pytest.raises(CommandError, match="line 1"):
        call_command("crontab", str(path))


def test_job_without_a_required_parameter_is_refused(make: Make) -> None:
    def work(lease: Lease, days: int) -> None:
        pass

    make(work)
    with pytest.raises(CrontabError, match="line 1: test needs the parameter 'days'"):
        parse("* * * * * test\n")


MINUTE = timedelta(minutes=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time zone with daylight saving."""
    monkeypatch.setattr(timezone, "get_default_timezone", lambda: BERLIN)


def plan(expression: str, start: datetime = START) -> Plan:
    (line,) = parse(f"{expression} clear_sessions\n")
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
    (line,) = parse("@daily clear_sessions\n")

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
