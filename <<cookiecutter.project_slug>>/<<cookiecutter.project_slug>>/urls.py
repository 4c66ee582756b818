"""Which address leads to which view."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from . import errors
from .alive import health
from .board import home
from .jobs import api
from .login.second_factor import confirm
from .pages import favicon, robots, security

# Django looks for these names.
handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.page_not_found
handler500 = errors.server_error

urlpatterns = [
    path("", home, name="home"),
    path("admin/second-factor/", confirm, name="second-factor"),
    path("admin/", admin.site.urls),
    path("api/alive", health, name="alive"),
    path("api/cron/", include(api)),
    path("favicon.ico", favicon),
    path("robots.txt", robots, name="robots"),
    path(".well-known/security.txt", security, name="security"),
    # Uploaded files, while DEBUG is on.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
