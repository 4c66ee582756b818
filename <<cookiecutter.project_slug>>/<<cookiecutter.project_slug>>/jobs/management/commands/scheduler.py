"""`manage.py scheduler`: what the service `cron` runs."""

import signal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ...calendar import CrontabError, read
from ...scheduler import Scheduler


class Command(BaseCommand):
    """Calls the app whenever a line of the crontab is due, until it gets SIGTERM."""

    help = "Follow the crontab that the setting CRONTAB names."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            scheduler = Scheduler(read(Path(settings.CRONTAB)))
        except CrontabError as error:
            raise CommandError(str(error)) from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: scheduler.stop())
        scheduler.run()
