"""Write-back: what is proposed never changes, what was sent or cancelled stays so."""

from django.db import migrations, models

from geartrain.stores.decisions.guards import Guard, install

TABLE = "decisions_writeback"
SAID = ("key", "system", "kind", "record", "cause", "reason", "proposed_by", "proposed_at")
GUARDS = [
    Guard(
        "writeback_said", TABLE, "UPDATE", " OR ".join(f"OLD.{c} {{differs}} NEW.{c}" for c in (*SAID, "changes")),
        "a write-back is not changed, only superseded",
    ),
    Guard(
        "writeback_over", TABLE, "UPDATE", "OLD.state IN ('sent', 'cancelled')", "what was written back stays so",
    ),
    Guard("writeback_no_delete", TABLE, "DELETE", "1 = 1", "write-backs are kept"),
]  # fmt: skip


def protect(apps, schema_editor):
    install(schema_editor, GUARDS)


class Migration(migrations.Migration):
    dependencies = [
        ("decisions", "0007_forecasts"),
    ]

    operations = [
        migrations.CreateModel(
            name="WriteBack",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                ("system", models.CharField(max_length=40)),
                ("kind", models.CharField(max_length=40)),
                ("record", models.CharField(max_length=200)),
                ("changes", models.JSONField()),
                ("cause", models.CharField(max_length=300)),
                ("reason", models.TextField(blank=True)),
                ("state", models.CharField(max_length=10)),
                ("proposed_by", models.CharField(max_length=254)),
                ("proposed_at", models.DateTimeField()),
                ("approved_by", models.CharField(blank=True, max_length=254)),
                ("approved_at", models.DateTimeField(null=True)),
                ("accepted", models.JSONField(null=True)),
                ("tried", models.JSONField(null=True)),
                ("before", models.JSONField(null=True)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("not_before", models.DateTimeField(null=True)),
                ("message", models.TextField(blank=True)),
                ("closed_by", models.CharField(blank=True, max_length=254)),
                ("closed_at", models.DateTimeField(null=True)),
                ("open_key", models.CharField(max_length=300, null=True, unique=True)),
            ],
            options={
                "ordering": ("id",),
                "indexes": [models.Index(fields=["state"], name="write_back_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("proposed", "ready", "sending", "conflict", "failed", "sent", "cancelled"))
                        ),
                        name="write_back_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("open_key__isnull", False),
                                ("state__in", ("proposed", "ready", "sending", "conflict", "failed")),
                            ),
                            models.Q(("open_key__isnull", True), ("state__in", ["sent", "cancelled"])),
                            _connector="OR",
                        ),
                        name="write_back_open_key",
                    ),
                ],
            },
        ),
        migrations.RunPython(protect, migrations.RunPython.noop),
    ]
