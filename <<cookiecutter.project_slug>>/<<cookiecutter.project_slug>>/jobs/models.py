"""What the database knows about jobs: who may run one, what ran, and what is planned."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class LeaseRecord(models.Model):
    """Who may run a job, and until when. The row stays; it is free once `expires` has passed."""

    job = models.CharField(max_length=100, primary_key=True)
    # Grows with each holder: what an earlier one still tries to record is refused.
    token = models.PositiveBigIntegerField(default=0)
    taken = models.DateTimeField()
    expires = models.DateTimeField()

    class Meta:
        verbose_name = "lease"

    def __str__(self) -> str:
        """Return the name of the job."""
        return self.job


class Run(models.Model):
    """One run of a job, or the note that one was skipped."""

    class State(models.TextChoices):
        """How it went."""

        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        TIMED_OUT = "timed_out", "Timed out"
        INTERRUPTED = "interrupted"
        SKIPPED = "skipped"

    class Trigger(models.TextChoices):
        """Who asked for it."""

        SCHEDULE = "schedule"
        API = "api", "API"
        COMMAND = "command"

    job = models.CharField(max_length=100)
    trigger = models.CharField(max_length=10, choices=Trigger)
    parameters = models.JSONField(default=dict)
    scheduled = models.DateTimeField("due", null=True)
    # Of a skipped run: when it was noted.
    started = models.DateTimeField(default=timezone.now)
    ended = models.DateTimeField(null=True)
    duration = models.DurationField(null=True)
    state = models.CharField(max_length=12, choices=State)
    result = models.TextField()
    error = models.TextField()
    output = models.TextField()
    replica = models.CharField(max_length=255)
    release = models.CharField(max_length=255)
    token = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["-started", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["job", "-started"], name="run_job_started"),
            models.Index(fields=["-started"], name="run_started"),
        ]
        constraints: ClassVar = [
            # Two schedulers, or one that asks again after a broken connection: still one run. Two
            # lines of a job that say different things are two runs.
            models.UniqueConstraint(
                fields=["job", "scheduled", "parameters"],
                condition=models.Q(scheduled__isnull=False),
                name="one_run_per_due_time",
            ),
        ]

    def __str__(self) -> str:
        """Return the job and the number of the run."""
        return f"{self.job} {self.pk}"


class CrontabLine(models.Model):
    """A line that the scheduler follows, as it published it: the app does not read the crontab."""

    job = models.CharField(max_length=100)
    expression = models.CharField(max_length=200)
    parameters = models.JSONField(default=dict)
    # Due times before it were not missed: the line was not there.
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job", "expression", "parameters"], name="each_crontab_line_once"
            ),
        ]

    def __str__(self) -> str:
        """Return the line as it is written in the crontab."""
        return f"{self.expression} {self.job}"
