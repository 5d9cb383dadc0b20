"""Pay periods, approvals, locked statements and the ledger; what was locked takes no change, whoever writes."""

import django.db.models.deletion
from django.db import migrations, models

from geartrain.stores.decisions.guards import Guard, append_only, install

PERIOD = "decisions_payperiod"
LOCKED = "a locked pay period is never changed"
INTO_LOCKED = f"EXISTS (SELECT 1 FROM {PERIOD} p WHERE p.id = NEW.period_id AND p.status = 'locked')"
GUARDS = [
    *append_only("decisions_payapproval", "approvals of pay"),
    *append_only("decisions_paystatement", "statements"),
    *append_only("decisions_payentry", "entries of the pay ledger"),
    Guard("pay_period_no_update", PERIOD, "UPDATE", "OLD.status = 'locked'", LOCKED),
    Guard("pay_period_no_delete", PERIOD, "DELETE", "OLD.status = 'locked'", LOCKED),
    Guard("pay_entry_locked", "decisions_payentry", "INSERT", INTO_LOCKED, LOCKED),
    Guard("pay_statement_locked", "decisions_paystatement", "INSERT", INTO_LOCKED, LOCKED),
]


def protect(apps, schema_editor):
    install(schema_editor, GUARDS)


class Migration(migrations.Migration):
    dependencies = [
        ("decisions", "0005_packs"),
    ]

    operations = [
        migrations.CreateModel(
            name="PayPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=20, unique=True)),
                ("start", models.DateField()),
                ("end", models.DateField()),
                ("status", models.CharField(default="open", max_length=12)),
                ("manifest", models.CharField(blank=True, max_length=64)),
                ("changed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="PayEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("origin", models.CharField(max_length=20)),
                ("payee", models.CharField(max_length=254)),
                ("comp_plan", models.CharField(max_length=100)),
                ("kind", models.CharField(max_length=20)),
                ("component", models.CharField(blank=True, max_length=100)),
                ("deal", models.CharField(blank=True, max_length=300)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=30)),
                ("old", models.DecimalField(decimal_places=6, max_digits=30, null=True)),
                ("new", models.DecimalField(decimal_places=6, max_digits=30, null=True)),
                ("cause", models.CharField(blank=True, max_length=500)),
                ("at", models.DateTimeField()),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="decisions.payperiod"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["period", "payee"], name="pay_entry_payee")],
            },
        ),
        migrations.CreateModel(
            name="PayApproval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("side", models.CharField(max_length=10)),
                ("login", models.CharField(max_length=254)),
                ("at", models.DateTimeField()),
                ("manifest", models.CharField(max_length=64)),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="approvals", to="decisions.payperiod"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("period", "manifest", "side"), name="pay_approval_one_a_side"),
                    models.UniqueConstraint(fields=("period", "manifest", "login"), name="pay_approval_two_people"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PayStatement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("payee", models.CharField(max_length=254)),
                ("body", models.TextField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="statements", to="decisions.payperiod"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("period", "payee"), name="pay_statement_once")],
            },
        ),
        migrations.RunPython(protect, migrations.RunPython.noop),
    ]
