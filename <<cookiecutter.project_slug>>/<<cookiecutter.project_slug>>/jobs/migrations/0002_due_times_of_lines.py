from django.db import migrations, models


class Migration(migrations.Migration):
    """A due time belongs to a job and its parameters: two lines of one job may share one."""

    dependencies = [("jobs", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="crontabline",
            name="parameters",
            field=models.JSONField(default=dict),
        ),
        migrations.RemoveConstraint(model_name="crontabline", name="each_crontab_line_once"),
        migrations.AddConstraint(
            model_name="crontabline",
            constraint=models.UniqueConstraint(
                fields=("job", "expression", "parameters"), name="each_crontab_line_once"
            ),
        ),
        migrations.RemoveConstraint(model_name="run", name="one_run_per_due_time"),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("scheduled__isnull", False)),
                fields=("job", "scheduled", "parameters"),
                name="one_run_per_due_time",
            ),
        ),
    ]
