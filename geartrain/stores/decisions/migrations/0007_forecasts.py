"""Forecast calls, their locks, the deals frozen under submissions and the submissions: rows are only ever added."""

import django.db.models.deletion
from django.db import migrations, models

from geartrain.stores.decisions.guards import Guard, append_only, install

GUARDS = [
    *append_only("decisions_forecastcall", "forecast calls"),
    *append_only("decisions_forecastlock", "locks of forecast calls"),
    *append_only("decisions_forecastfrozen", "frozen deals"),
    *append_only("decisions_forecastsubmission", "forecast submissions"),
    Guard(
        "forecastsubmission_locked", "decisions_forecastsubmission", "INSERT",
        "EXISTS (SELECT 1 FROM decisions_forecastlock k WHERE k.call_id = NEW.call_id)", "the forecast call is locked",
    ),
]  # fmt: skip


def protect(apps, schema_editor):
    install(schema_editor, GUARDS)


class Migration(migrations.Migration):
    dependencies = [
        ("decisions", "0006_pay"),
    ]

    operations = [
        migrations.CreateModel(
            name="ForecastFrozen",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("deals", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="ForecastCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(max_length=20)),
                ("as_of", models.DateField()),
                ("due", models.DateTimeField()),
                ("opened_at", models.DateTimeField()),
                ("opened_by", models.CharField(max_length=254)),
                ("snapshot", models.CharField(max_length=64)),
                ("hierarchy", models.JSONField(default=dict)),
                ("hierarchy_version", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("period", "as_of"), name="forecast_call_once")],
            },
        ),
        migrations.CreateModel(
            name="ForecastLock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=254)),
                (
                    "call",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lock", to="decisions.forecastcall"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ForecastSubmission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.CharField(max_length=200)),
                ("category", models.CharField(max_length=20)),
                ("kind", models.CharField(max_length=10)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=38)),
                ("rollup", models.DecimalField(decimal_places=4, max_digits=38)),
                ("currency", models.CharField(max_length=3)),
                ("note", models.TextField(blank=True, default="")),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=254)),
                ("hierarchy_version", models.CharField(max_length=64)),
                ("snapshot", models.CharField(max_length=64)),
                (
                    "call",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="submissions",
                        to="decisions.forecastcall",
                    ),
                ),
                (
                    "frozen",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="submissions",
                        to="decisions.forecastfrozen",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["call", "user_id", "category"], name="forecast_submission_line")],
            },
        ),
        migrations.RunPython(protect),
    ]
