"""What all environments share; the other modules hold only what differs."""

import socket
from pathlib import Path

from csp.constants import NONE, SELF

from ..logs import logging_config
from .env import env

BASE_DIR = Path(__file__).resolve().parents[2]

# What people see.
PROJECT_NAME = "<< cookiecutter.project_name | replace('\\', '\\\\') | replace('"', '\\"') >>"
PROJECT_DESCRIPTION = "<< cookiecutter.description | replace('\\', '\\\\') | replace('"', '\\"') >>"

# What runs: the commit that the image was built from, and the container that answers.
RELEASE = env("RELEASE", default="development")
REPLICA = socket.gethostname()

INSTALLED_APPS = [
    "<< cookiecutter.project_slug >>.users",
    "<< cookiecutter.project_slug >>.login",
    "<< cookiecutter.project_slug >>.jobs",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
]

MIDDLEWARE = [
    # First, so that every line that a request logs carries its id.
    "<< cookiecutter.project_slug >>.logs.RequestLogMiddleware",
    "<< cookiecutter.project_slug >>.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "<< cookiecutter.project_slug >>.login.sessions.StaffMiddleware",
    "<< cookiecutter.project_slug >>.login.limit.KnownBrowserMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "<< cookiecutter.project_slug >>.urls"
CSRF_FAILURE_VIEW = "<< cookiecutter.project_slug >>.errors.csrf_failure"
WSGI_APPLICATION = "<< cookiecutter.project_slug >>.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "<< cookiecutter.project_slug >>" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "<< cookiecutter.project_slug >>.pages.project",
            ],
        },
    },
]

# Users
AUTH_USER_MODEL = "users.User"
# The limit comes first, so that no password is checked when there were too many wrong ones.
AUTHENTICATION_BACKENDS = [
    "<< cookiecutter.project_slug >>.login.limit.LimitBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Argon2 first: OWASP's first choice for new passwords. The second still checks imported ones.
PASSWORD_HASHERS = [
    "<< cookiecutter.project_slug >>.login.hashers.Argon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# Whether staff have to set up a second factor; those who have one are asked for it anyhow.
SECOND_FACTOR_REQUIRED = False
# The app on the telephone lists its codes under this name. Colleagues who look after users see no keys.
OTP_TOTP_ISSUER = PROJECT_NAME
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
# Seconds without a request after which staff have to sign in again; 0: never.
STAFF_IDLE_SECONDS = env.int("STAFF_IDLE_SECONDS", default=1800)
# Tells a browser in which somebody has signed in before.
KNOWN_BROWSER_COOKIE_NAME = "known-browser"
# In the database: people stay signed in when the cache is lost.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# Language and time
LANGUAGE_CODE = "<< cookiecutter.language_code >>"
TIME_ZONE = "<< cookiecutter.time_zone >>"
USE_TZ = True

# Files
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "<< cookiecutter.project_slug >>" / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = BASE_DIR / "data" / "media"

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# E-mail to the people who look after the site.
ADMINS = [
    (
        "<< cookiecutter.author_name | replace('\\', '\\\\') | replace('"', '\\"') >>",
        "<< cookiecutter.author_email >>",
    ),
]
# Where /.well-known/security.txt sends those who find a hole.
SECURITY_CONTACT = f"mailto:{ADMINS[0][1]}"

# Nothing from other hosts, nothing inline: an injected script has nowhere to run.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# What no page needs is forbidden, so a script that gets in cannot ask for it either.
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
# Other sites may not embed our files; `cross-origin` for a view whose pictures they should show.
CROSS_ORIGIN_RESOURCE_POLICY = "same-origin"

# Scheduled jobs: docs/jobs.md
# Callers of /api/cron/ show this key; while it is replaced, the one before is good as well.
CRON_API_KEY = env("CRON_API_KEY", default="")
CRON_API_KEY_PREVIOUS = env("CRON_API_KEY_PREVIOUS", default="")
# What the scheduler reads, and whom it calls.
CRONTAB = env("CRONTAB", default=str(BASE_DIR / "deploy" / "configs" / "all" / "crontab"))
CRON_URL = env("CRON_URL", default="http://127.0.0.1:8000")
# Days for which the history is kept.
JOBS_KEEP_DAYS = env.int("JOBS_KEEP_DAYS", default=30)
# Seconds that a job has after SIGTERM: less than gunicorn's graceful timeout.
JOBS_GRACE_SECONDS = env.int("JOBS_GRACE_SECONDS", default=20)
# Whose TLS certificates are watched: `name` or `name=host:port`.
CERTIFICATES: list[str] = []

LOGGING = logging_config(formatter="readable", level=env("LOG_LEVEL", default="INFO"))
