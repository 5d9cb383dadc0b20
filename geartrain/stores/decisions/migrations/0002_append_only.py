"""The audit trail takes new rows only, whoever writes."""

from django.db import migrations

TABLE = "decisions_auditevent"
SQLITE = [
    f"""CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON {TABLE}
        BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"""
    for verb in ("UPDATE", "DELETE")
]
POSTGRES = [
    """CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$""",
    f"""CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION audit_append_only()""",
]


def protect(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(statement)
    apps.get_model("decisions", "AuditHead").objects.get_or_create(pk=1, defaults={"hash": ""})


class Migration(migrations.Migration):
    dependencies = [("decisions", "0001_people_tokens_audit")]
    operations = [migrations.RunPython(protect)]
