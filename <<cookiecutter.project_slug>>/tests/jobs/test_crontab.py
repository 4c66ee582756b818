"""The crontab: what is read, and what a wrong line says."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from << cookiecutter.project_slug >>.jobs import crontab
from << cookiecutter.project_slug >>.jobs.crontab import CrontabError
from << cookiecutter.project_slug >>.jobs.lease import Lease

from .conftest import Make

TEXT = """\
# A comment, then an empty line.

17 * * * *    clear_sessions
  @daily\tdaily_report --catch-up
30 6 * * MON-FRI check_certificates days=30
"""


def test_lines_are_read() -> None:
    hourly, daily, weekdays = crontab.parse(TEXT)

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
        crontab.parse(f"# first\n17 * * * * clear_sessions\n{line}\n")

    assert str(caught.value).startswith("crontab, line 3: ")
    assert problem in str(caught.value)


def test_all_wrong_lines_are_named() -> None:
    with pytest.raises(CrontabError) as caught:
        crontab.parse("x\n* * * * * clear_sessions\ny\n")

    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "crontab, line 1",
        "crontab, line 3",
    ]


def test_line_that_is_there_twice_is_refused() -> None:
    with pytest.raises(CrontabError, match="line 2: says the same as line 1"):
        crontab.parse("1 2 * * * clear_sessions\n1 2 * * * clear_sessions --catch-up\n")


def test_lines_of_one_time_may_ask_for_different_things() -> None:
    lines = crontab.parse(
        "1 2 * * * check_certificates days=1\n1 2 * * * check_certificates days=2\n"
    )

    assert [line.parameters for line in lines] == [{"days": 1}, {"days": 2}]


def test_line_that_no_index_takes_is_refused(make: Make) -> None:
    def work(lease: Lease, text: str) -> None:
        pass

    make(work)
    with pytest.raises(CrontabError, match="line 1: it is longer than 500 characters"):
        crontab.parse(f"1 2 * * * test text={'x' * 500}\n")


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CrontabError, match="No such file"):
        crontab.read(tmp_path / "crontab")


def test_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "crontab").write_bytes(b"\xff\xfe")
    with pytest.raises(CrontabError, match="utf-8"):
        crontab.read(tmp_path / "crontab")


def test_crontab_of_the_project_is_right() -> None:
    names = [line.job.name for line in crontab.read(Path(settings.CRONTAB))]

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
        crontab.parse("* * * * * test\n")
