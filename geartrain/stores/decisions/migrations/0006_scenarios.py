"""Scenarios, their runs and the numbers kept for them."""

import django.db.models.deletion
from django.db import migrations, models

ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))


class Migration(migrations.Migration):
    dependencies = [("decisions", "0002_append_only")]
    operations = [
        migrations.CreateModel(
            name="Scenario",
            fields=[
                ID,
                ("key", models.CharField(max_length=100, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True)),
                ("owner", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("since", models.DateField()),
                ("until", models.DateField()),
                ("as_of", models.DateField()),
                ("facts", models.CharField(max_length=64)),
                ("known_as_of", models.DateTimeField()),
                ("drafts", models.JSONField(default=list)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="ScenarioOutput",
            fields=[
                ID,
                ("hash", models.CharField(max_length=64, unique=True)),
                ("numbers", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="ScenarioRun",
            fields=[
                ID,
                ("scope", models.CharField(max_length=64)),
                ("actor", models.CharField(max_length=254)),
                ("at", models.DateTimeField()),
                ("manifest", models.CharField(max_length=64)),
                ("result", models.JSONField(default=dict)),
                (
                    "scenario",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="decisions.scenario",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["scenario", "scope", "-id"], name="scenario_run_latest")],
            },
        ),
    ]
