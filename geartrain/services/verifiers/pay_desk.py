"""What was signed: the texts are those of their hashes, and the trail tells of every acceptance."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.incentives.letters import fingerprint
from geartrain.kernel.issues import Issue, Level
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

HINT = "Restore the decision store from a backup, and find out who could write to it."


def _verify(ws: Workspace) -> Iterator[Issue]:
    """Every plan that was sent with other texts than it says, accepted by nobody, or approved by who asked for it."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import AuditEvent, PayAdjustment, PlanLetter

    told = {
        (int(d["letter"]), d["plan"], d["quota"])
        for d in AuditEvent.objects.filter(verb="pay.plan_accepted").values_list("detail", flat=True)
    }
    for row in PlanLetter.objects.order_by("id"):
        where = f"comp_plan/{row.comp_plan}/{row.payee}"
        hashes = fingerprint(row.plan_text), fingerprint(row.letter_text)
        if hashes != (row.plan_sha256, row.letter_sha256):
            yield _issue(f"The texts of plan {row.pk} for {row.payee} are not those that were sent.", where)
        if row.accepted_at is not None and (row.pk, row.plan_sha256, row.letter_sha256) not in told:
            yield _issue(f"Plan {row.pk} of {row.payee} is accepted, and the trail does not tell of it.", where)
    for a in PayAdjustment.objects.filter(state="approved").order_by("id"):
        if a.decided_by == a.asked_by:
            yield _issue(f"Adjustment {a.pk} was approved by who asked for it.", f"pay/{a.period}/{a.payee}")


def _issue(message: str, where: str) -> Issue:
    return Issue("pay_altered", Level.error, message, where, HINT)


VERIFIER = _verify
