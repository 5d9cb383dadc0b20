"""Packs, decisions and disputes; what a frozen pack says takes no change, whoever writes."""

import django.db.models.deletion
from django.db import migrations, models

TABLE = "decisions_pack"
# All but when it was discussed: that is known afterwards.
SAID = (
    "id", "template", "purpose", "title", "as_of", "known_as_of", "scope", "owner", "created_at", "frozen_at", "state",
    "narrative", "body", "sha256",
)  # fmt: skip
CHANGED = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in SAID)
SQLITE = [
    f"""CREATE TRIGGER pack_frozen_update BEFORE UPDATE ON {TABLE}
        WHEN OLD.state = 'frozen' AND ({CHANGED.replace("IS DISTINCT FROM", "IS NOT")})
        BEGIN SELECT RAISE(ABORT, 'a frozen pack is never changed'); END""",
    f"""CREATE TRIGGER pack_frozen_delete BEFORE DELETE ON {TABLE} WHEN OLD.state = 'frozen'
        BEGIN SELECT RAISE(ABORT, 'a frozen pack is never changed'); END""",
]
POSTGRES = [
    f"""CREATE FUNCTION pack_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF OLD.state <> 'frozen' THEN RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END; END IF;
          IF TG_OP = 'DELETE' OR ({CHANGED}) THEN RAISE EXCEPTION 'a frozen pack is never changed'; END IF;
          RETURN NEW;
        END $$""",
    f"""CREATE TRIGGER pack_frozen BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION pack_frozen()""",
]


def protect(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("decisions", "0004_scenarios"),
    ]

    operations = [
        migrations.CreateModel(
            name="Pack",
            fields=[
                ("id", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("template", models.CharField(max_length=100)),
                ("purpose", models.CharField(max_length=40)),
                ("title", models.CharField(max_length=300)),
                ("as_of", models.DateField()),
                ("known_as_of", models.DateTimeField(null=True)),
                ("scope", models.CharField(max_length=200, null=True)),
                ("owner", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("frozen_at", models.DateTimeField(null=True)),
                ("state", models.CharField(default="draft", max_length=10)),
                ("narrative", models.JSONField(default=dict)),
                ("body", models.TextField(blank=True, default="")),
                ("sha256", models.CharField(blank=True, default="", max_length=64)),
                ("held_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["template", "scope", "as_of"], name="decisions_p_templat_0208c6_idx")],
            },
        ),
        migrations.CreateModel(
            name="PackDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=1000)),
                ("owner", models.CharField(max_length=254)),
                ("due", models.DateField()),
                ("state", models.CharField(default="open", max_length=10)),
                ("outcome", models.CharField(blank=True, default="", max_length=1000)),
                ("made_by", models.CharField(max_length=254)),
                ("made_at", models.DateTimeField()),
                ("closed_by", models.CharField(blank=True, default="", max_length=254)),
                ("closed_at", models.DateTimeField(null=True)),
                ("commitment", models.CharField(blank=True, default="", max_length=100)),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="decisions.pack"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PackDispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=500)),
                ("reason", models.CharField(max_length=1000)),
                ("by", models.CharField(max_length=254)),
                ("at", models.DateTimeField()),
                ("state", models.CharField(default="open", max_length=10)),
                ("resolution", models.CharField(blank=True, default="", max_length=1000)),
                ("settled_by", models.CharField(blank=True, default="", max_length=254)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "pack",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="decisions.pack"
                    ),
                ),
            ],
        ),
        migrations.RunPython(protect),
    ]
