"""The only page."""

from django.conf import settings
from django.shortcuts import render

from .models import Room


def rooms(request):
    """List the rooms."""
    return render(
        request, "rooms/rooms.html", {"rooms": Room.objects.order_by("name"), "hour": settings.OPENING_HOUR}
    )
