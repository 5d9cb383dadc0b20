"""Disputes, adjustments by hand, plans sent and accepted, awards; what is settled takes no change, whoever writes."""

import django.db.models.deletion
from django.db import migrations, models

from geartrain.stores.decisions.guards import Guard, append_only, install

TABLES = {"paydispute": "disputes", "payadjustment": "adjustments", "planletter": "plans sent"}
SETTLED = {
    "paydispute": ("OLD.state = 'closed'", "a closed dispute is never changed"),
    "payadjustment": ("OLD.state <> 'requested'", "a decided adjustment is never changed"),
    "planletter": ("OLD.accepted_at IS NOT NULL", "an accepted plan is never changed"),
}
GUARDS = [
    *append_only("decisions_contestaward", "awards"),
    *(Guard(f"{t}_no_delete", f"decisions_{t}", "DELETE", "1 = 1", f"{what} stay") for t, what in TABLES.items()),
    *(Guard(f"{t}_settled", f"decisions_{t}", "UPDATE", when, says) for t, (when, says) in SETTLED.items()),
]


def protect(apps, schema_editor):
    install(schema_editor, GUARDS)


class Migration(migrations.Migration):
    dependencies = [
        ("decisions", "0008_outbox"),
    ]

    operations = [
        migrations.CreateModel(
            name="ContestAward",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contest", models.CharField(max_length=100)),
                ("period", models.CharField(max_length=20)),
                ("person", models.CharField(max_length=254)),
                ("award", models.CharField(max_length=100)),
                ("rank", models.PositiveIntegerField()),
                ("value", models.DecimalField(decimal_places=6, max_digits=38)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=30)),
                ("currency", models.CharField(max_length=3)),
                ("paid_in", models.CharField(max_length=20)),
                ("facts", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("contest", "period", "person", "award"), name="contest_award_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="PayDispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(max_length=20)),
                ("payee", models.CharField(max_length=254)),
                ("component", models.CharField(blank=True, max_length=100)),
                ("deal", models.CharField(blank=True, max_length=300)),
                ("kind", models.CharField(max_length=20)),
                ("text", models.CharField(max_length=2000)),
                ("state", models.CharField(default="opened", max_length=10)),
                ("verdict", models.CharField(blank=True, max_length=10)),
                ("opened_by", models.CharField(max_length=254)),
                ("opened_at", models.DateTimeField()),
                ("triaged_by", models.CharField(blank=True, max_length=254)),
                ("triaged_at", models.DateTimeField(null=True)),
                ("root_cause", models.CharField(blank=True, max_length=200)),
                ("answer", models.CharField(blank=True, max_length=2000)),
                ("trace", models.JSONField(default=list)),
                ("decided_by", models.CharField(blank=True, max_length=254)),
                ("decided_at", models.DateTimeField(null=True)),
                ("closed_by", models.CharField(blank=True, max_length=254)),
                ("closed_at", models.DateTimeField(null=True)),
                ("due", models.DateTimeField()),
                ("open_key", models.CharField(max_length=800, null=True, unique=True)),
            ],
            options={
                "indexes": [models.Index(fields=["payee", "period"], name="pay_dispute_payee")],
            },
        ),
        migrations.CreateModel(
            name="PayAdjustment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(max_length=20)),
                ("payee", models.CharField(max_length=254)),
                ("comp_plan", models.CharField(blank=True, max_length=100)),
                ("kind", models.CharField(max_length=20)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=30)),
                ("currency", models.CharField(max_length=3)),
                ("budget", models.CharField(max_length=100)),
                ("reason", models.CharField(max_length=1000)),
                ("state", models.CharField(default="requested", max_length=10)),
                ("asked_by", models.CharField(max_length=254)),
                ("asked_at", models.DateTimeField()),
                ("decided_by", models.CharField(blank=True, max_length=254)),
                ("decided_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=1000)),
                (
                    "dispute",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adjustments",
                        to="decisions.paydispute",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PlanLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("payee", models.CharField(max_length=254)),
                ("comp_plan", models.CharField(max_length=100)),
                ("plan_text", models.TextField()),
                ("plan_sha256", models.CharField(max_length=64)),
                ("letter_text", models.TextField()),
                ("letter_sha256", models.CharField(max_length=64)),
                ("sent_by", models.CharField(max_length=254)),
                ("sent_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                ("accepted_by", models.CharField(blank=True, max_length=254)),
                ("accepted_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("payee", "comp_plan", "plan_sha256", "letter_sha256"), name="plan_letter_once"
                    )
                ],
            },
        ),
        migrations.RunPython(protect, migrations.RunPython.noop),
    ]
