"""The addresses of the site."""

from django.contrib import admin
from django.urls import path
from rooms.views import rooms

urlpatterns = [
    path("", rooms, name="rooms"),
    path("admin/", admin.site.urls),
]
