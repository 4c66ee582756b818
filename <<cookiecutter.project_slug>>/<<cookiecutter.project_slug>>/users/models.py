"""The people who sign in."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Django's user, as a model of our own: adding a field later is then an ordinary migration."""
