"""The app of the scheduled jobs."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """Runs jobs once in the whole swarm, and remembers how each run went."""

    name = "<< cookiecutter.project_slug >>.jobs"

    def ready(self) -> None:
        """Import the module `jobs` of each app, as Django does with `admin`: it registers its jobs."""
        import_module(".housekeeping", __package__)
        autodiscover_modules("jobs")
