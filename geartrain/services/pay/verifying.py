"""Whether what was locked and paid is what the trail tells."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING

from geartrain.kernel.issues import Issue, Level
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import PayPeriod

POSTING = ("pay.replayed", "pay.adjusted", "contest.awarded")
HINT = "Restore the decision store from a backup, and find out who could write to it."


def digest_of(row: PayPeriod) -> str:
    """One hash over every locked statement of a period."""
    lines = row.statements.order_by("payee").values_list("payee", "sha256")
    return sha256("\n".join(f"{payee} {digest}" for payee, digest in lines).encode()).hexdigest()


def verify_pay(ws: Workspace) -> Iterator[Issue]:
    """Every locked period, statement and amount that is not what was locked, and every adjustment nobody posted."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import AuditEvent, PayPeriod

    locked = dict(AuditEvent.objects.filter(verb="pay.locked").order_by("id").values_list("subject", "detail"))
    posted: dict[str, Decimal] = {}
    for subject, detail in AuditEvent.objects.filter(verb__in=POSTING).values_list("subject", "detail"):
        posted[subject] = posted.get(subject, Decimal(0)) + Decimal(str(detail["amount"]))
    rows = {f"pay/{row.key}": row for row in PayPeriod.objects.order_by("start", "key")}
    for where in sorted({*locked} - {k for k, row in rows.items() if row.status == "locked"}):
        yield _issue("pay_missing", f"{where} was locked, and it is not there as locked.", where)
    for where, row in rows.items():
        if row.status == "locked":
            yield from _locked(row, where, locked.get(where))
        total = sum((e.amount for e in row.entries.filter(old__isnull=False)), Decimal(0))
        told = posted.get(where, Decimal(0))
        if total != told:
            message = f"Adjustments of {total:.2f} stand in {row.key}, and {told:.2f} were posted."
            yield _issue("pay_altered", message, where)


def _locked(row: PayPeriod, where: str, said: dict[str, str] | None) -> Iterator[Issue]:
    if said is None:
        yield _issue("pay_altered", f"{row.key} is locked, and nobody locked it.", where)
        return
    for statement in row.statements.order_by("payee"):
        if sha256(statement.body.encode()).hexdigest() != statement.sha256:
            message = f"The statement of {statement.payee} for {row.key} was altered."
            yield _issue("pay_altered", message, f"{where}/{statement.payee}")
    if said.get("statements", digest_of(row)) != digest_of(row):
        yield _issue("pay_altered", f"The statements of {row.key} are not those that were locked.", where)
    paid = sum((e.amount for e in row.entries.all()), Decimal(0))
    if paid != Decimal(said["paid"]):
        yield _issue("pay_altered", f"The ledger of {row.key} holds {paid:.2f}, and {said['paid']} was locked.", where)


def _issue(code: str, message: str, where: str) -> Issue:
    return Issue(code, Level.error, message, where, HINT)
