"""The settings of the server; a developer sets BOOKINGS_DEBUG=1."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SECRET_KEY = os.environ.get("BOOKINGS_SECRET", "insecure")
DEBUG = os.environ.get("BOOKINGS_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("BOOKINGS_HOSTS", "localhost").split(",")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rooms",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
ROOT_URLCONF = "bookings.urls"
WSGI_APPLICATION = "bookings.application.app"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("BOOKINGS_DB", ROOT / "bookings.sqlite3"),
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/Lisbon"
USE_TZ = True

STATIC_URL = "/assets/"
STATIC_ROOT = "/var/www/bookings/assets"

# From when on a room can be booked.
OPENING_HOUR = int(os.environ.get("BOOKINGS_OPENING_HOUR", "8"))
