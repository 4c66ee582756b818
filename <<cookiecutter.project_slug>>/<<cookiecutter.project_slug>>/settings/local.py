"""A developer's machine without Docker: SQLite, local memory, no proxy."""

from .common import *
from .env import env

DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

# Signs nothing of value: production reads its own.
SECRET_KEY = "for development only, production reads its own from a secret"  # noqa: S105

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "data" / "db.sqlite3",
        # A file for the tests as well: threads would get in each other's way in memory.
        "TEST": {"NAME": BASE_DIR / "data" / "test.sqlite3"},
    },
}

# Scheduled jobs: the scheduler and the site find each other without a secret here.
CRON_API_KEY = env("CRON_API_KEY", default="development-only")

# Nobody but you can reach the site.
STAFF_IDLE_SECONDS = 0

# E-mails appear on the terminal.
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# Where the page listens for changed front-end files: nowhere, without the static service.
LIVE_RELOAD_URL = ""
