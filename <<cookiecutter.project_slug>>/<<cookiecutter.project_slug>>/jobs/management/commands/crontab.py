"""`manage.py crontab`: the jobs, and when each is due next."""

from argparse import ArgumentParser
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ...calendar import CrontabError, Line, read
from ...registry import Job, jobs

TIMES = 5


class Command(BaseCommand):
    """Prints what the scheduler will do; exit code 1 when a line of the crontab is wrong."""

    help = "Print the jobs with their next due times."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, default=Path(settings.CRONTAB))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            lines = read(options["path"])
        except CrontabError as error:
            raise CommandError(str(error)) from error
        for job in jobs.values():
            self._print(job, [line for line in lines if line.job == job])

    def _print(self, job: Job, lines: list[Line]) -> None:
        self.stdout.write(f"{job.name} (lease {job.lease:g} s, timeout {job.timeout:g} s)")
        for line in lines:
            self.stdout.write(f"  line {line.number}: {line.expression}")
            for due in islice(line.due_times(timezone.now()), TIMES):
                self.stdout.write(f"    {timezone.localtime(due):%a %Y-%m-%d %H:%M %Z}")
        if not lines:
            self.stdout.write("  not in the crontab")
