"""`manage.py remove_second_factor NAME`: the way back for somebody who lost telephone and recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from ...second_factor import remove


class Command(BaseCommand):
    """Takes the second factor off an account."""

    help = "Remove a person's second factor: they set up a new one at their next login."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="the name with which they sign in")

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()
        user = users.objects.filter(**{users.USERNAME_FIELD: options["username"]}).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']!r}.")
        if not remove(user):
            raise CommandError(f"{user} has no second factor.")
        self.stdout.write(
            f"The second factor of {user} is removed. Whoever signs in next with the password sets up a"
            " new one: change the password first if somebody else may know it."
        )
