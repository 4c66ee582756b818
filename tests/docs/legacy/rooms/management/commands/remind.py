"""`manage.py remind`: the crontab runs it each morning."""

from datetime import timedelta

from django.core.management.base import BaseCommand
from django.utils import timezone

from rooms.models import Booking


class Command(BaseCommand):
    """Reminds the guests of tomorrow, once."""

    help = "Remind the guests of tomorrow."

    def handle(self, *args, **options):
        """E-mail each of them."""
        tomorrow = timezone.localdate() + timedelta(days=1)
        for booking in Booking.objects.filter(day=tomorrow, reminded=False):
            booking.guest.email_user("Tomorrow", str(booking))
            booking.reminded = True
            booking.save()
            self.stdout.write(f"reminded {booking}")
