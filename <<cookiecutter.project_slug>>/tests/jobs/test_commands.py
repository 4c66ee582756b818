"""`manage.py run_job` and `manage.py scheduler`, as programs of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from << cookiecutter.project_slug >>.jobs import history, runner
from << cookiecutter.project_slug >>.jobs.lease import Lease
from << cookiecutter.project_slug >>.jobs.models import Run

from .conftest import Make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the command does to signals ends with the test."""
    monkeypatch.setattr(runner, "_questions", [])
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_run_job_runs_it_and_prints_the_result(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(lease: Lease, days: int = 1) -> str:
        return f"{days} days"

    make(work)
    call_command("run_job", "test", "days=3")

    run = Run.objects.get()
    assert (run.state, run.trigger) == ("succeeded", "command")
    assert capsys.readouterr().out.endswith(f"Run {run.pk} succeeded. 3 days\n")


def test_failure_is_told(make: Make) -> None:
    make(lambda lease: 1 / 0)
    with pytest.raises(CommandError, match=r"Run \d+ failed\. Traceback") as caught:
        call_command("run_job", "test")

    assert caught.value.returncode == 1


def test_job_that_runs_already(make: Make) -> None:
    history.begin(make(lambda lease: None), {}, Run.Trigger.API, None)
    with pytest.raises(CommandError, match="already running") as caught:
        call_command("run_job", "test")

    assert caught.value.returncode == 75


def test_unknown_job() -> None:
    with pytest.raises(CommandError, match=r"no job 'unknown'\. There are: .*clear_sessions"):
        call_command("run_job", "unknown")


def test_wrong_parameter(make: Make) -> None:
    make(lambda lease: None)
    with pytest.raises(CommandError, match="no parameter 'days'"):
        call_command("run_job", "test", "days=3")


def test_sigterm_gives_the_job_its_grace_period(make: Make) -> None:
    def work(lease: Lease) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        while not runner.told_to_end():
            time.sleep(0.01)
        return "ended in time"

    make(work)
    call_command("run_job", "test")

    assert Run.objects.get().result == "ended in time"


def scheduler(crontab: str, folder: Path) -> "subprocess.Popen[str]":
    path = folder / "crontab"
    path.write_text(crontab)
    name = settings.DATABASES["default"]["NAME"]
    code = (
        "import sys; from django.conf import settings; "
        f"settings.DATABASES['default']['NAME'] = {str(name)!r}; "
        "from django.core.management import execute_from_command_line as run; run(sys.argv)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, "scheduler"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE,
            "CRONTAB": str(path),
            "TMPDIR": str(folder),
        },
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_scheduler_refuses_a_wrong_crontab(tmp_path: Path) -> None:
    with scheduler("\n* * * * *\n", tmp_path) as process:
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "line 2: no job after the time" in errors


def test_scheduler_stops_on_sigterm(tmp_path: Path) -> None:
    with scheduler("0 0 1 1 * clear_sessions\n", tmp_path) as process:
        deadline = timezone.now() + timedelta(seconds=30)
        while not (tmp_path / "scheduler-heartbeat").exists():
            assert timezone.now() < deadline
            time.sleep(0.05)
        process.terminate()
        output, errors = process.communicate(timeout=10)

    assert process.returncode == 0, errors
    assert "the scheduler follows 1 lines" in output
