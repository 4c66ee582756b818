"""Rooms, and who has booked them."""

from django.conf import settings
from django.db import models


class Room(models.Model):
    """A room that can be booked."""

    name = models.CharField(max_length=50)

    def __str__(self):
        """Return what people call it."""
        return self.name


class Booking(models.Model):
    """A room on a day."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE)
    guest = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    day = models.DateField()
    reminded = models.BooleanField(default=False)

    def __str__(self):
        """Return who comes when."""
        return f"{self.guest} in {self.room} on {self.day}"
