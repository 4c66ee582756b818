"""`manage.py run_job NAME`: a job in a process of its own, for the host's scheduler or by hand."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ...lease import HeldError
from ...models import Run
from ...registry import arguments_from_text, jobs
from ...runner import EndingError, run, stop_when

# EX_TEMPFAIL of sysexits.h: nothing is wrong, try again later.
BUSY = 75


class Command(BaseCommand):
    """Runs a job under the same lease and history as the endpoint."""

    help = "Run a job now. Exit code 1: it failed; 75: it runs already."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job", help="its name, as in `manage.py crontab`")
        parser.add_argument("parameters", nargs="*", metavar="name=value")

    def handle(self, *args: Any, **options: Any) -> None:
        job = jobs.get(options["job"])
        if job is None:
            raise CommandError(f"There is no job {options['job']!r}. There are: {', '.join(jobs)}.")
        try:
            parameters = arguments_from_text(job, options["parameters"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        _stop_on_sigterm()
        try:
            record = run(job, parameters, trigger=Run.Trigger.COMMAND)
        except (HeldError, EndingError) as error:
            raise CommandError(str(error), returncode=BUSY) from error
        if record.state != Run.State.SUCCEEDED:
            raise CommandError(
                f"Run {record.pk} {record.get_state_display().lower()}. {record.error}"
            )
        self.stdout.write(f"Run {record.pk} succeeded. {record.result}".rstrip())


def _stop_on_sigterm() -> None:
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    stop_when(told.is_set)
