"""Adjustments of pay by hand: asked for by one, approved within their limit by another, posted into an open period."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from geartrain.incentives.ledger import Adjustment, EntryKey
from geartrain.incentives.statements import money
from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound, PeriodLocked
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.pay import ledger as pay_ledger
from geartrain.services.pay import runs as pay_runs
from geartrain.services.records.facts import open_facts
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import aware, naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import PayAdjustment, PayDispute

KINDS = {
    "correction": "an error is put right",
    "guarantee": "a promised minimum",
    "goodwill": "a gesture",
    "spif": "a bonus outside the plan",
    "recovery": "money comes back",
    "other": "none of these",
}
MOST = Decimal(10) ** 12


def request_adjustment(
    ws: Workspace,
    actor: Actor,
    *,
    payee: str,
    period: str,
    amount: Decimal,
    kind: str,
    budget: str,
    reason: str,
    dispute: int | None = None,
) -> dict[str, Any]:
    """Ask for an amount to be paid, or taken back, in an open period. Nothing is paid before a second person approves.

    Raises:
        NotFound: the payee has no statement of the period. PeriodLocked: it is locked.
        Invalid: no amount, no such type, no budget code or no reason.
    """
    require(actor, Permission.run_pay)
    with writing(ws, in_turn=True):
        from geartrain.stores.decisions.models import PayDispute

        of = PayDispute.objects.filter(pk=dispute, payee=payee).first() if dispute is not None else None
        if dispute is not None and of is None:
            raise NotFound(f"{payee} has no dispute {dispute}.", hint="See them with: geartrain pay dispute list")
        row = add_request(ws, actor, payee=payee, period=period, amount=amount, kind=kind, budget=budget,
                          reason=reason, dispute=of)  # fmt: skip
    return adjustment_row(row)


def add_request(
    ws: Workspace,
    actor: Actor,
    *,
    payee: str,
    period: str,
    amount: Decimal,
    kind: str,
    budget: str,
    reason: str,
    dispute: PayDispute | None = None,
) -> PayAdjustment:
    """The request itself, within the caller's transaction."""
    from geartrain.stores.decisions.models import PayAdjustment

    said = _checked(amount, kind, budget, reason)
    statement = _open_statement(ws, payee, period)
    row = PayAdjustment.objects.create(
        period=statement["period"], payee=payee, comp_plan=statement["plan"], kind=kind, currency=statement["currency"],
        dispute=dispute, asked_by=actor.login, asked_at=aware(ws.now()), **said,
    )  # fmt: skip
    record(
        ws,
        actor,
        "pay.adjustment_requested",
        _subject(row),
        id=row.pk,
        amount=money(pay_ledger.cents(row.amount)),
        kind=kind,
        budget=row.budget,
    )
    return row


def approve_adjustment(ws: Workspace, actor: Actor, *, id: int, note: str = "") -> dict[str, Any]:
    """Say yes to somebody else's request, within one's limit: it is posted into its period, and a new result stands.

    Raises:
        NotFound: there is none. Forbidden: it is above the actor's limit.
        Conflict: one's own request, or decided already. PeriodLocked: the period has been locked since.
    """
    require(actor, Permission.approve_pay)
    with writing(ws, in_turn=True):
        row = _waiting(ws, actor, id)
        most = limit_of(ws, actor)
        if most is None or abs(row.amount) > most:
            may = f"{money(most)} at most" if most is not None else "none"
            hint = "Ask somebody with a higher limit: pay.adjustment_limits in geartrain.toml."
            raise Forbidden(f"{actor.login} approves {may}, and this is {money(abs(row.amount))}.", hint=hint)
        _open_statement(ws, row.payee, row.period)
        cause = f"{row.kind}: {row.reason} (budget {row.budget})"
        key = EntryKey(row.payee, row.comp_plan, row.period, pay_ledger.MANUAL, row.kind, f"adjustment/{row.pk}")
        pay_ledger.post(ws, period=row.period, adjustments=[Adjustment(key, Decimal(0), row.amount, cause)])
        _settle(ws, actor, row, "approved", note)
        record(
            ws,
            actor,
            "pay.adjusted",
            f"pay/{row.period}",
            id=row.pk,
            payee=row.payee,
            amount=money(pay_ledger.cents(row.amount)),
        )
    pay_ledger.calculated(ws, actor, pay_runs.calculate(ws, period=row.period))
    return adjustment_row(row)


def refuse_adjustment(ws: Workspace, actor: Actor, *, id: int, note: str) -> dict[str, Any]:
    """Say no to a request, and why; one's own is taken back the same way."""
    require(actor, Permission.run_pay)
    with writing(ws, in_turn=True):
        row = _waiting(ws, actor, id, own=True)
        _settle(ws, actor, row, "refused", note)
        record(ws, actor, "pay.adjustment_refused", _subject(row), id=row.pk, note=row.note)
    return adjustment_row(row)


def list_adjustments(ws: Workspace, actor: Actor, *, period: str = "", state: str = "") -> list[dict[str, Any]]:
    """The adjustments by hand, waiting ones first: finance and audit see all, approvers those of their people.

    Raises:
        Forbidden: the actor neither sees everybody's pay nor approves any.
    """
    require(actor, Permission.view_adjustments)
    chosen = {k: v for k, v in {"period": period, "state": state}.items() if v}
    found = [adjustment_row(r) for r in _visible(ws, actor).filter(**chosen).order_by("-id")]
    return sorted(found, key=lambda a: a["state"] != "requested")


def limit_of(ws: Workspace, actor: Actor) -> Decimal | None:
    """The most somebody may approve at once; None: nothing."""
    limits = ws.settings.pay.adjustment_limits
    return max((limits[r] for r in actor.roles if r in limits), default=None)


def adjustment_row(row: PayAdjustment) -> dict[str, Any]:
    """An adjustment by hand as JSON."""
    names = ("period", "payee", "comp_plan", "kind", "currency", "budget", "reason", "state", "asked_by", "decided_by",
             "note")  # fmt: skip
    at = {n: naive(getattr(row, n)) for n in ("asked_at", "decided_at")}
    return {"id": row.pk, **{n: getattr(row, n) for n in names}, "amount": money(pay_ledger.cents(row.amount)), **at,
            "dispute": row.dispute_id}  # type: ignore[attr-defined]  # fmt: skip


def _checked(amount: Decimal, kind: str, budget: str, reason: str) -> dict[str, Any]:
    if kind not in KINDS:
        raise Invalid(f"'{kind}' is no type of adjustment.", hint=f"One of: {', '.join(KINDS)}.")
    if not amount.is_finite() or not amount or abs(amount) >= MOST:
        raise Invalid("An adjustment has an amount.", hint="Write it as 120.00, or -120.00 to take back.")
    if amount != amount.quantize(Decimal("0.01")):
        raise Invalid("An adjustment is paid to the cent.", hint="Write two decimals.")
    code, said = budget.strip(), " ".join(reason.replace("\x00", "").split())
    if not code or len(code) > 100:
        raise Invalid("An adjustment is charged to a budget.", hint="Name its code: --budget FY26-COMP.")
    if not said or len(said) > 1_000:
        raise Invalid("An adjustment says why, within 1,000 characters.", hint="Write it out: --reason TEXT.")
    return {"amount": amount, "budget": code, "reason": said}


def _open_statement(ws: Workspace, payee: str, period: str) -> dict[str, Any]:
    """The statement of a period that is not locked."""
    found = pay_runs.calculate(ws, period=period, only=payee)
    if found.status == "locked":
        hint = "Name an open period: what was locked is never changed."
        raise PeriodLocked(f"{found.period.key} is locked.", hint=hint)
    if payee not in found.statements:
        raise NotFound(f"{payee} has no statement of {found.period.key}.", hint="Is a plan in force for them?")
    return found.statements[payee]


def _visible(ws: Workspace, actor: Actor) -> Any:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PayAdjustment

    rows = PayAdjustment.objects.all()
    if actor.may(Permission.view_pay):
        return rows
    with open_facts(ws, operator()) as facts:
        below = facts.hierarchy().tree(actor.user_id)[1:] if actor.user_id else []
    return rows.filter(payee__in=below)


def _waiting(ws: Workspace, actor: Actor, id: int, *, own: bool = False) -> PayAdjustment:
    row = _visible(ws, actor).select_for_update().filter(pk=id).first() if abs(id) < 2**63 else None
    if row is None:
        raise NotFound(f"There is no adjustment {id}.", hint="See them with: geartrain pay adjustments")
    if row.state != "requested":
        raise Conflict(f"Adjustment {id} is {row.state} already.", hint="Ask for a new one.")
    if not own and row.asked_by == actor.login:
        raise Conflict("Nobody approves what they asked for.", hint="Ask somebody else to: --as EMAIL.")
    return row


def _settle(ws: Workspace, actor: Actor, row: PayAdjustment, state: str, note: str) -> None:
    row.state, row.decided_by, row.decided_at, row.note = state, actor.login, aware(ws.now()), note.strip()[:1000]
    row.save()


def _subject(row: PayAdjustment) -> str:
    return f"pay/{row.period}/{row.payee}/adjustment/{row.pk}"
