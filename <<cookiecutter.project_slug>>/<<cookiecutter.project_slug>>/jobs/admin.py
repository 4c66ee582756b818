"""The history of the jobs in the admin: to be read, not to be changed."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .models import Run
from .timeline import DUE, HEIGHTS, STRETCHES, Window, rows

DEFAULT_DAYS = 3


@admin.register(Run)
class RunAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Not generic when it runs.
    """The runs, as a list and as a timeline."""

    list_display = ("job", "how", "started", "duration", "trigger", "result")
    list_filter = ("state", "job", "trigger", "release")
    date_hierarchy = "started"
    search_fields = ("result", "error", "output")
    fields = (
        ("job", "how", "trigger"),
        ("scheduled", "started", "ended", "duration"),
        ("replica", "release", "token"),
        "parameters",
        "result",
        "error_text",
        "output_text",
    )

    class Media:
        css: ClassVar = {"all": ["jobs/jobs.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes history."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        """Nobody rewrites it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Run | None = None) -> bool:
        """Old runs are removed as new ones end."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add the timeline."""
        view = self.admin_site.admin_view(self.timeline)
        return [path("timeline/", view, name="jobs_run_timeline"), *super().get_urls()]

    def timeline(self, request: HttpRequest) -> HttpResponse:
        """Show the last days of all jobs."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        days = request.GET.get("days", "")
        window = Window(int(days) if days in map(str, STRETCHES) else DEFAULT_DAYS, timezone.now())
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Jobs",
            "opts": self.opts,
            "media": self.media,
            "window": window,
            "rows": rows(window),
            "choices": list(STRETCHES),
            "legend": [*((state.value, state.label) for state in HEIGHTS), (DUE, "Due")],
        }
        return TemplateResponse(request, "admin/jobs/run/timeline.html", context)

    @admin.display(description="state", ordering="state")
    def how(self, run: Run) -> SafeString:
        """The state, with its colour."""
        return format_html(
            '<span class="job-state" data-state="{}">{}</span>', run.state, run.get_state_display()
        )

    @admin.display(description="error")
    def error_text(self, run: Run) -> SafeString:
        """The traceback, line by line."""
        return format_html('<pre class="job-text">{}</pre>', run.error)

    @admin.display(description="output")
    def output_text(self, run: Run) -> SafeString:
        """What the job logged last, line by line."""
        return format_html('<pre class="job-text">{}</pre>', run.output)
