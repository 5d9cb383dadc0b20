"""Policies, who approved and acknowledged them, what was decided by them, and what people owe."""

import django.db.models.deletion
from django.db import migrations, models

from geartrain.stores.decisions.guards import Guard, append_only, has, install

UNDER_REVIEW = "v.status IN ('in_review', 'approved')"  # what is approved may still be rejected
VERSION, APPROVAL, ACK = "decisions_policyversion", "decisions_approval", "decisions_acknowledgement"
MOVES = (
    "draft>in_review",
    "in_review>draft",
    "in_review>approved",
    "approved>draft",
    "approved>published",
    "published>superseded",
    "superseded>published",
    "published>retired",
)


def changed(*columns: str) -> str:
    return " OR ".join(f"OLD.{c} {{differs}} NEW.{c}" for c in columns)


def version(*conditions: str) -> str:
    return f"EXISTS (SELECT 1 FROM {VERSION} v WHERE v.id = NEW.policy_version_id AND {' AND '.join(conditions)})"


GUARDS = [
    Guard("policy_starts", VERSION, "INSERT", "NEW.status <> 'draft'", "a policy version starts as a draft"),
    Guard(
        "policy_no_gap",
        VERSION,
        "INSERT",
        f"""NEW.version <> 1 + (SELECT COALESCE(MAX(v.version), 0) FROM {VERSION} v
            WHERE v.kind = NEW.kind AND v.key = NEW.key)""",
        "versions of a policy are counted without gaps",
    ),
    Guard(
        "policy_identity",
        VERSION,
        "UPDATE",
        changed("id", "kind", "key", "version", "author", "created_at"),
        "a policy version keeps its name, number and author",
    ),
    Guard(
        "policy_text",
        VERSION,
        "UPDATE",
        f"OLD.status <> 'draft' AND ({changed('body', 'sha256', 'authors', 'summary', 'review_by')})",
        "the text of a policy that left draft is immutable",
    ),
    Guard(
        "policy_publication",
        VERSION,
        "UPDATE",
        f"""OLD.published_at IS NOT NULL
            AND ({changed("published_at", "published_by", "effective_from", "material", "round")}
            OR OLD.status = NEW.status AND ({changed("effective_to", "retired_at", "retired_by", "reason")}))""",
        "what was said when a policy was published is immutable",
    ),
    Guard(
        "policy_moves",
        VERSION,
        "UPDATE",
        f"OLD.status <> NEW.status AND (OLD.status || '>' || NEW.status) NOT IN ({', '.join(repr(m) for m in MOVES)})",
        "a policy version does not move that way",
    ),
    Guard(
        "policy_approved",
        VERSION,
        "UPDATE",
        f"""NEW.status = 'approved' AND NOT EXISTS (SELECT 1 FROM {APPROVAL} a WHERE a.policy_version_id = NEW.id
            AND a.verdict = 'approved' AND a.sha256 = NEW.sha256 AND a.round = NEW.round)""",
        "a policy is approved by an approval of its text",
    ),
    Guard("policy_stays", VERSION, "DELETE", "1 = 1", "policy versions are never taken out"),
    Guard(
        "policy_no_replace",
        VERSION,
        "INSERT",
        f"EXISTS (SELECT 1 FROM {VERSION} v WHERE v.id = NEW.id)",
        "policy versions are never taken out",
    ),
    Guard(
        "approval_not_own",
        APPROVAL,
        "INSERT",
        version(f"(lower(v.author) = lower(NEW.approver) OR {has('v.authors', 'lower(NEW.approver)')})"),
        "the author of a policy never approves it",
    ),
    Guard(
        "approval_of_text",
        APPROVAL,
        "INSERT",
        f"NOT {version(UNDER_REVIEW, 'v.sha256 = NEW.sha256', 'v.round = NEW.round')}",
        "an approval is of the text under review",
    ),
    *append_only(APPROVAL, "approvals"),
    Guard(
        "acknowledged_text",
        ACK,
        "INSERT",
        f"NOT {version('v.published_at IS NOT NULL', 'v.sha256 = NEW.sha256')}",
        "an acknowledgement is of a published text",
    ),
    *append_only(ACK, "acknowledgements"),
    *append_only("decisions_decision", "decisions"),
]


def protect(apps, schema_editor):
    install(schema_editor, GUARDS)


class Migration(migrations.Migration):
    dependencies = [
        ("decisions", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Commitment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=60)),
                ("subject", models.CharField(max_length=300)),
                ("title", models.CharField(max_length=300)),
                ("link", models.CharField(blank=True, max_length=500)),
                ("assignee", models.CharField(max_length=254)),
                ("opened", models.DateTimeField()),
                ("due", models.DateTimeField()),
                ("state", models.CharField(default="open", max_length=10)),
                ("done", models.DateTimeField(null=True)),
                ("closed", models.DateTimeField(null=True)),
                ("passed_on", models.DateTimeField(null=True)),
                ("closed_by", models.CharField(blank=True, max_length=254)),
                ("reason", models.TextField(blank=True)),
                ("escalation", models.JSONField(default=list)),
                ("source", models.CharField(blank=True, max_length=300)),
                ("open_key", models.CharField(max_length=400, null=True, unique=True)),
            ],
            options={
                "ordering": ("due", "id"),
                "indexes": [
                    models.Index(fields=["assignee", "due"], name="commitment_assignee"),
                    models.Index(fields=["subject"], name="commitment_subject"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("due__gte", models.F("opened"))), name="commitment_due_after_opened"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "met", "breached", "waived", "cancelled"])),
                        name="commitment_state_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=60)),
                ("key", models.CharField(max_length=100)),
                ("version", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("rule", models.CharField(max_length=200)),
                ("subject", models.CharField(max_length=300)),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("inputs", models.JSONField(default=dict)),
                ("result", models.JSONField(null=True)),
                ("trace", models.JSONField(null=True)),
            ],
            options={
                "ordering": ("occurred_at", "id"),
                "indexes": [
                    models.Index(fields=["kind", "key", "occurred_at"], name="decision_policy"),
                    models.Index(fields=["subject", "occurred_at"], name="decision_subject"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PolicyVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=60)),
                ("key", models.CharField(max_length=100)),
                ("version", models.PositiveIntegerField()),
                ("status", models.CharField(default="draft", max_length=12)),
                ("sha256", models.CharField(max_length=64)),
                ("author", models.CharField(max_length=254)),
                ("authors", models.JSONField(default=list)),
                ("round", models.PositiveIntegerField(default=0)),
                ("summary", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("saved_at", models.DateTimeField()),
                ("proposed_at", models.DateTimeField(null=True)),
                ("approved_at", models.DateTimeField(null=True)),
                ("published_at", models.DateTimeField(null=True)),
                ("published_by", models.CharField(blank=True, max_length=254)),
                ("effective_from", models.DateTimeField(null=True)),
                ("effective_to", models.DateTimeField(null=True)),
                ("material", models.BooleanField(default=True)),
                ("review_by", models.DateField(null=True)),
                ("retired_at", models.DateTimeField(null=True)),
                ("retired_by", models.CharField(blank=True, max_length=254)),
                ("reason", models.TextField(blank=True)),
                ("body", models.TextField()),
            ],
            options={
                "ordering": ("kind", "key", "version"),
                "indexes": [models.Index(fields=["published_at", "retired_at"], name="policy_state")],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "key", "version"), name="policy_version_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ("draft", "in_review", "approved"))),
                        fields=("kind", "key"),
                        name="policy_one_open",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["published", "superseded"])),
                        fields=("kind", "key", "effective_from"),
                        name="policy_one_per_instant",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ("draft", "in_review", "approved", "published", "superseded", "retired"))
                        ),
                        name="policy_status_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("version__gte", 1)), name="policy_version_from_1"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("effective_from", None),
                                ("published_at", None),
                                ("status__in", ["draft", "in_review", "approved"]),
                            ),
                            models.Q(
                                ("effective_from__isnull", False),
                                ("published_at__isnull", False),
                                ("status__in", ("published", "superseded", "retired")),
                            ),
                            _connector="OR",
                        ),
                        name="policy_published_from",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_to", None), ("effective_to__gte", models.F("effective_from")), _connector="OR"
                        ),
                        name="policy_interval",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("approver", models.CharField(max_length=254)),
                ("verdict", models.CharField(max_length=8)),
                ("comment", models.TextField(blank=True)),
                ("round", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "policy_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="decisions.policyversion",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("verdict__in", ["approved", "rejected"])), name="approval_verdict_known"
                    ),
                    models.UniqueConstraint(
                        fields=("policy_version", "round", "approver", "verdict"), name="approval_once_a_round"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person", models.CharField(max_length=254)),
                ("at", models.DateTimeField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "policy_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acknowledgements",
                        to="decisions.policyversion",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
                "constraints": [models.UniqueConstraint(fields=("policy_version", "person"), name="acknowledged_once")],
            },
        ),
        migrations.RunPython(protect),
    ]
