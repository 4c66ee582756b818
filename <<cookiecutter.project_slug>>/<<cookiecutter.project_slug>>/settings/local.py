"""A developer's machine without Docker: SQLite, local memory, no proxy."""

from .common import *

DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]

# Signs nothing of value: production reads its own.
SECRET_KEY = "for development only, production reads its own from a secret"  # noqa: S105

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "data" / "db.sqlite3",
    },
}

# E-mails appear on the terminal.
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# Where the page listens for changed front-end files: nowhere, without the static service.
LIVE_RELOAD_URL = ""
