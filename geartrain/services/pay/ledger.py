"""Pay periods in the decision store: calculated, approved, locked, adjusted; what was locked is never changed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from geartrain.incentives.ledger import Adjustment, EntryKey
from geartrain.incentives.statements import money
from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound, PeriodLocked
from geartrain.kernel.policy.decision import plain
from geartrain.services.access import Actor, Permission, Role, require
from geartrain.services.pay.verifying import digest_of
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

if TYPE_CHECKING:
    from geartrain.services.pay.runs import Run
    from geartrain.stores.decisions.models import PayEntry, PayPeriod

MANUAL, AWARD = "manual", "award"
BY_HAND = (MANUAL, AWARD)  # posted by somebody, never worked out of the facts: a replay leaves them be
SIDES = {"sales": frozenset({Role.head_of_sales, Role.admin}), "finance": frozenset({Role.finance, Role.admin})}


def status_of(ws: Workspace, period: str) -> str:
    """open, calculated, in_review, approved or locked."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PayPeriod

    return PayPeriod.objects.filter(key=period).values_list("status", flat=True).first() or "open"


def locked_periods(ws: Workspace) -> dict[str, date]:
    """Keys of the locked periods, with the day after each, in order."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PayPeriod

    return dict(PayPeriod.objects.filter(status="locked").order_by("start", "key").values_list("key", "end"))


def standing(ws: Workspace) -> dict[EntryKey, Decimal]:
    """What the ledger says of every entry: as it was locked, with every adjustment since."""
    from geartrain.stores.decisions.models import PayEntry

    sums: dict[EntryKey, Decimal] = defaultdict(Decimal)
    for e in PayEntry.objects.exclude(kind__in=BY_HAND):
        sums[_key(e)] += e.amount
    return {key: cents(amount) for key, amount in sums.items()}


def posted(ws: Workspace) -> dict[str, list[Adjustment]]:
    """The adjustments by the period that they were posted in, in order."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PayEntry

    found: dict[str, list[Adjustment]] = defaultdict(list)
    for e in PayEntry.objects.filter(old__isnull=False).select_related("period").order_by("id"):
        old, new = (cents(v) for v in (e.old, e.new) if v is not None)
        found[e.period.key].append(Adjustment(_key(e), old, new, e.cause))
    return found


def locked_statement(ws: Workspace, *, payee: str, period: str) -> dict[str, Any] | None:
    """A locked statement; None where the period is not locked, or has none of this payee."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PayStatement

    body = PayStatement.objects.filter(period__key=period, period__status="locked", payee=payee)
    text = body.values_list("body", flat=True).first()
    return None if text is None else json.loads(text)


def locked_statements(ws: Workspace, *, period: str) -> dict[str, dict[str, Any]]:
    """Every statement of a locked period, by payee."""
    from geartrain.stores.decisions.models import PayStatement

    rows = PayStatement.objects.filter(period__key=period).order_by("payee").values_list("payee", "body")
    return {payee: json.loads(body) for payee, body in rows}


def calculated(ws: Workspace, actor: Actor, run: Run) -> None:
    """Note what was calculated; approvals of another result lapse."""
    with writing(ws, in_turn=True):
        row = _row(ws, run)
        if row.manifest != run.manifest:
            row.status, row.manifest, row.changed_at = "calculated", run.manifest, _now(ws)
            row.save()
            record(ws, actor, "pay.calculated", f"pay/{row.key}", manifest=run.manifest, paid=money(run.paid))


def approve_pay(ws: Workspace, actor: Actor, *, period: str, side: str | None = None) -> dict[str, Any]:
    """Approve a calculated period for sales or for finance.

    Raises:
        Conflict: it is not calculated, has changed since, or the same person has approved the other side.
        Forbidden: the actor does not speak for that side.
    """
    from geartrain.services.pay.runs import calculate

    require(actor, Permission.approve_pay)
    side = _side(actor, side)
    run = calculate(ws, period=period)
    with writing(ws, in_turn=True):
        row = _known(run)
        from geartrain.stores.decisions.models import PayApproval

        given = {a.side: a.login for a in row.approvals.filter(manifest=run.manifest)}
        if side in given:
            raise Conflict(
                f"{given[side]} has approved {row.key} for {side} already.", hint="One word a side is enough."
            )
        if actor.login in given.values():
            hint = "Ask somebody else: one for sales, one for finance."
            raise Conflict(
                f"{actor.login} has approved {row.key} already; the other side takes another person.", hint=hint
            )
        PayApproval.objects.create(period=row, side=side, login=actor.login, at=_now(ws), manifest=run.manifest)
        row.status, row.changed_at = ("approved" if given else "in_review"), _now(ws)
        row.save()
        record(ws, actor, "pay.approved", f"pay/{row.key}", side=side, manifest=run.manifest)
    return {
        "period": row.key,
        "status": row.status,
        "approvals": {**given, side: actor.login},
        "manifest": run.manifest,
    }


def lock_pay(ws: Workspace, actor: Actor, *, period: str) -> dict[str, Any]:
    """Lock an approved period: its statements and entries are kept as they are, for good.

    Raises:
        Conflict: it lacks an approval, or the facts give another result than what was approved.
    """
    from geartrain.services.pay.runs import calculate
    from geartrain.stores.decisions import open_decisions as opened

    require(actor, Permission.run_pay)
    opened(ws.decisions_url)
    run = calculate(ws, period=period)
    with writing(ws, in_turn=True):
        from geartrain.stores.decisions.models import PayEntry, PayStatement

        row = _known(run)
        given = {a.side: a.login for a in row.approvals.filter(manifest=run.manifest)}
        if missing := [s for s in SIDES if s not in given]:
            hint = f"geartrain pay approve {row.key} --side {missing[0]} --as EMAIL"
            raise Conflict(f"{row.key} is not approved by {' and '.join(missing)}.", hint=hint)
        at = _now(ws)
        own = {k: v for k, v in run.entries.items() if k.period == row.key and k.payee in run.statements}
        PayEntry.objects.bulk_create([_entry(row, k, v, at) for k, v in own.items()])
        PayStatement.objects.bulk_create([_statement(row, k, s) for k, s in run.statements.items()])
        balance = sum((e.amount for e in row.entries.all()), Decimal(0))
        if balance != run.paid:
            raise Conflict(
                f"The ledger of {row.key} holds {money(balance)}, and {money(run.paid)} is paid: nothing was locked."
            )
        row.status, row.changed_at = "locked", at
        row.save()
        digest = digest_of(row)
        record(
            ws, actor, "pay.locked", f"pay/{row.key}", manifest=run.manifest, paid=money(run.paid), statements=digest
        )
    return {"period": row.key, "status": "locked", "payees": len(run.statements), "paid": money(run.paid),
            "currency": run.currency, "manifest": run.manifest}  # fmt: skip


def replay_pay(ws: Workspace, actor: Actor, *, period: str) -> dict[str, Any]:
    """Post what locked periods show otherwise now into an open one. A second time there is nothing left to post.

    Raises:
        PeriodLocked: the period is locked itself.
    """
    from geartrain.services.pay.runs import calculate

    require(actor, Permission.run_pay)
    with writing(ws, in_turn=True):
        run = calculate(ws, period=period)
        row = _row(ws, run)
        from geartrain.stores.decisions.models import PayEntry

        at = _now(ws)
        PayEntry.objects.bulk_create([_entry(row, a.of, a.amount, at, adjusts=a) for a in run.due])
        if run.due:
            total = sum((a.amount for a in run.due), Decimal(0))
            record(ws, actor, "pay.replayed", f"pay/{row.key}", adjustments=len(run.due), amount=money(total))
    found = calculate(ws, period=period) if run.due else run
    if run.due:
        calculated(ws, actor, found)
    from geartrain.incentives.statements import adjustment_json

    rows = [{"payee": a.of.payee, **adjustment_json(a)} for a in run.due]
    total = money(sum((a.amount for a in run.due), Decimal("0.00")))
    return {"period": row.key, "adjustments": rows, "amount": total, "manifest": found.manifest}


def post(ws: Workspace, *, period: str, adjustments: Sequence[Adjustment]) -> None:
    """Post adjustments into an open period, within the caller's transaction.

    Raises:
        PeriodLocked: it is locked.
    """
    from geartrain.services.pay.runs import calculate
    from geartrain.stores.decisions.models import PayEntry

    row, at = _row(ws, calculate(ws, period=period)), _now(ws)
    PayEntry.objects.bulk_create([_entry(row, a.of, a.amount, at, adjusts=a) for a in adjustments])


def _side(actor: Actor, side: str | None) -> str:
    may = [s for s, roles in SIDES.items() if roles & actor.roles]
    if side is None:
        if len(may) != 1:
            raise Invalid("Which side does this approval speak for?", hint="Name --side sales or --side finance.")
        return may[0]
    if side not in SIDES:
        raise Invalid(f"'{side}' is no side.", hint="Name sales or finance.")
    if side not in may:
        raise Forbidden(f"{actor.login} does not speak for {side}.", hint=f"Ask somebody of {side}.")
    return side


def _row(ws: Workspace, run: Run) -> PayPeriod:
    """The row of a run's period, made where there is none.

    Raises:
        PeriodLocked: it is locked.
    """
    from geartrain.stores.decisions.models import PayPeriod

    span = run.period
    row, _ = PayPeriod.objects.get_or_create(
        key=span.key, defaults={"start": span.start, "end": span.end, "changed_at": _now(ws)}
    )
    return _unlocked(row)


def _known(run: Run) -> PayPeriod:
    """The row of a calculated period whose result still holds.

    Raises:
        PeriodLocked: it is locked. NotFound: never calculated. Conflict: the result has changed since.
    """
    from geartrain.stores.decisions.models import PayPeriod

    row = PayPeriod.objects.filter(key=run.period.key).first()
    hint = f"Calculate it: geartrain pay run {run.period.key}"
    if row is None or not row.manifest:
        raise NotFound(f"{run.period.key} has not been calculated.", hint=hint)
    if _unlocked(row).manifest != run.manifest:
        raise Conflict(f"{row.key} gives another result than when it was calculated.", hint=hint)
    return row


def _unlocked(row: PayPeriod) -> PayPeriod:
    if row.status == "locked":
        hint = "Late changes are posted into an open period: geartrain pay replay PERIOD"
        raise PeriodLocked(f"{row.key} is locked.", hint=hint)
    return row


def _key(e: PayEntry) -> EntryKey:
    return EntryKey(e.payee, e.comp_plan, e.origin, e.kind, e.component, e.deal)


def _entry(row: PayPeriod, key: EntryKey, amount: Decimal, at: Any, adjusts: Adjustment | None = None) -> PayEntry:
    from geartrain.stores.decisions.models import PayEntry

    more: Mapping[str, Any] = {"old": adjusts.old, "new": adjusts.new, "cause": adjusts.cause[:500]} if adjusts else {}
    return PayEntry(period=row, origin=key.period, payee=key.payee, comp_plan=key.comp_plan, kind=key.kind,
                    component=key.component, deal=key.deal, amount=amount, at=at, **more)  # fmt: skip


def _statement(row: PayPeriod, payee: str, said: Mapping[str, Any]) -> Any:
    from geartrain.stores.decisions.models import PayStatement

    text = json.dumps({k: _kept(v) for k, v in said.items()}, ensure_ascii=False)
    return PayStatement(period=row, payee=payee, body=text, sha256=sha256(text.encode()).hexdigest())


def _kept(value: Any) -> Any:
    """A value as JSON: decimals as text, in the digits they have."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {k: _kept(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_kept(v) for v in value]
    return plain(value)


def cents(value: Decimal) -> Decimal:
    """A stored amount with two decimals where no more say anything."""
    short = value.normalize()
    exponent = short.as_tuple().exponent
    return short if isinstance(exponent, int) and exponent < -2 else value.quantize(Decimal("0.01"))


def _now(ws: Workspace) -> Any:
    from geartrain.stores.decisions.published import aware

    return aware(ws.now())
