"""Disputes about pay: opened, triaged, accepted with a correction or rejected with the trace, closed; on a clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from geartrain.incentives.statements import money
from geartrain.kernel.clock import BusinessCalendar
from geartrain.kernel.clock.term import Term, due
from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services.access import Actor, Permission, Role, operator, require
from geartrain.services.commitments import close_commitment, open_commitment
from geartrain.services.pay import runs as pay_runs
from geartrain.services.pay.adjusting import add_request
from geartrain.services.pay.ledger import cents
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import aware, naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import PayDispute

KINDS = {
    "missing_credit": "a deal is missing",
    "amount": "the amount is wrong",
    "split": "the split is wrong",
    "rate": "the rate is wrong",
    "date": "the date is wrong",
    "reading": "the plan is read wrongly",
}
OPEN = ("opened", "triaged")
COMMITMENT = "pay_dispute"
LONGEST = 2_000


def open_dispute(
    ws: Workspace,
    actor: Actor,
    *,
    payee: str,
    period: str,
    kind: str,
    text: str,
    component: str = "",
    deal: str = "",
) -> dict[str, Any]:
    """Say that a statement is wrong: the payee, who leads them, or finance on their behalf.

    Args:
        kind: One of `KINDS`.
        component, deal: The line; a missing deal is named though no line has it.

    Raises:
        NotFound: there is no such statement or line, or the actor may not know of it.
        Conflict: the same is in dispute already.
    """
    said = _said(text, "A dispute")
    if kind not in KINDS:
        raise Invalid(f"'{kind}' is no kind of dispute.", hint=f"One of: {', '.join(KINDS)}.")
    statement = pay_runs.get_statement(ws, actor, payee=payee, period=period)
    if not actor.may(Permission.run_pay) and actor.user_id not in (payee, *_chain(ws, payee)):
        raise Forbidden("A dispute is opened by the payee, who leads them, or finance.", hint="Ask one of them.")
    _need_line(statement, component, deal, missing=kind == "missing_credit")
    what = {"payee": payee, "period": statement["period"], "component": component, "deal": deal, "kind": kind}
    key = "/".join(what.values())
    with writing(ws, in_turn=True):
        from geartrain.stores.decisions.models import PayDispute

        if (known := PayDispute.objects.filter(open_key=key).first()) is not None:
            raise Conflict(f"That is in dispute already: number {known.pk}.", hint="Wait for the answer to it.")
        now = ws.now()
        until = _due(ws, now)
        row = PayDispute.objects.create(
            **what, text=said, opened_by=actor.login, opened_at=aware(now), due=aware(until), open_key=key
        )
        open_commitment(
            ws,
            kind=COMMITMENT,
            subject=f"pay/dispute/{row.pk}",
            title=f"Answer pay dispute {row.pk}",
            assignee=str(Role.finance),
            due=until,
            opened=now,
            link=f"/pay/disputes/{row.pk}/",
            source=f"pay/{row.period}",
            key=_key(row),
        )
        record(ws, actor, "pay.dispute_opened", _subject(row), **what)
    return dispute_json(ws, row)


def triage_dispute(ws: Workspace, actor: Actor, *, id: int, root_cause: str = "", note: str = "") -> dict[str, Any]:
    """Take a dispute up, with what seems to have caused it.

    Raises:
        NotFound: there is none. Conflict: it is past that.
    """
    with _deciding(ws, actor):
        row = _row(ws, actor, id)
        _need(row, "opened", "triaged")
        row.state, row.triaged_by, row.triaged_at = "triaged", actor.login, aware(ws.now())
        row.root_cause = " ".join(root_cause.split())[:200]
        row.answer = note.strip()[:LONGEST]
        row.save()
        record(ws, actor, "pay.dispute_triaged", _subject(row), root_cause=row.root_cause)
    return dispute_json(ws, row)


def accept_dispute(
    ws: Workspace,
    actor: Actor,
    *,
    id: int,
    answer: str,
    root_cause: str = "",
    amount: Decimal | None = None,
    into: str = "",
    budget: str = "",
) -> dict[str, Any]:
    """Agree: with an adjustment that waits for a second person, or with what is corrected at the source.

    Args:
        amount: Of an adjustment into the open period `into`, on `budget`; None: the source is corrected, and a replay
            posts what comes of it.
    """
    said = _said(answer, "The correction")
    with _deciding(ws, actor):
        row = _row(ws, actor, id)
        _need(row, "triaged", "accepted")
        if amount is not None:
            if not into:
                raise Invalid("Into which open period does it go?", hint="Name the period: --into 2026-04.")
            add_request(ws, actor, payee=row.payee, period=into, amount=amount, kind="correction", budget=budget,
                        reason=f"Dispute {row.pk}: {said}", dispute=row)  # fmt: skip
        _decide(ws, actor, row, "accepted", said, root_cause)
    return dispute_json(ws, row)


def reject_dispute(ws: Workspace, actor: Actor, *, id: int, answer: str, root_cause: str = "") -> dict[str, Any]:
    """Disagree; the arithmetic of the line, or the rule that left the deal out, goes with the answer."""
    said = _said(answer, "The answer")
    with _deciding(ws, actor):
        row = _row(ws, actor, id)
        _need(row, "triaged", "rejected")
        row.trace = trace_of(ws, row)
        _decide(ws, actor, row, "rejected", said, root_cause)
    return dispute_json(ws, row)


def close_dispute(ws: Workspace, actor: Actor, *, id: int) -> dict[str, Any]:
    """Put a decided dispute away: finance, or who opened it.

    Raises:
        Conflict: it is not decided, or its adjustment still waits for approval.
    """
    with writing(ws, in_turn=True):
        row = _row(ws, actor, id)
        if actor.login != row.opened_by and actor.user_id != row.payee:
            require(actor, Permission.run_pay)
        if row.state in OPEN or row.state == "closed":
            raise Conflict(f"Dispute {id} is {row.state}.", hint="It is closed once it is accepted or rejected.")
        if row.adjustments.filter(state="requested").exists():
            raise Conflict(f"The adjustment of dispute {id} waits for approval.", hint="geartrain pay adjustments")
        row.state, row.closed_by, row.closed_at = "closed", actor.login, aware(ws.now())
        row.save()
        record(ws, actor, "pay.dispute_closed", _subject(row))
    return dispute_json(ws, row)


def list_disputes(
    ws: Workspace, actor: Actor, *, state: str = "", payee: str = "", period: str = ""
) -> list[dict[str, Any]]:
    """The disputes the actor may see, those that are due first first: their own, their people's; finance's all."""
    chosen = {k: v for k, v in {"state": state, "payee": payee, "period": period}.items() if v}
    rows = _visible(ws, actor).filter(**chosen)
    found = [dispute_json(ws, r) for r in rows.order_by("due", "id")]
    return sorted(found, key=lambda d: d["state"] not in OPEN)


def get_dispute(ws: Workspace, actor: Actor, *, id: int) -> dict[str, Any]:
    """One dispute.

    Raises:
        NotFound: there is none, or the actor may not see it.
    """
    row = _row(ws, actor, id)
    return dispute_json(ws, row) | {"now": trace_of(ws, row) if row.state in OPEN else list(row.trace)}


def trace_of(ws: Workspace, row: PayDispute) -> list[str]:
    """The arithmetic of the line in words; of a deal without a line, the first rule that left it out."""
    from geartrain.services.pay.inputs import why_not

    said = pay_runs.get_statement(ws, operator(), payee=row.payee, period=row.period)
    lines = [x for part in said["components"] for x in part["lines"] if _of(x, part["key"], row.component, row.deal)]
    if lines or not row.deal:
        return [f"{x['date']}, {x['deal']}: {x['says']}" for x in lines[:20]]
    policy = current_policies(ws).of("comp_plan").get(said["plan"])
    measures = policy.envelope.measures if policy else {}
    with open_facts(ws, operator()) as facts:
        found = [why_not(facts, policy.envelope, m, deal=row.deal, payee=row.payee) for m in measures] if policy else []
    return [w for w in dict.fromkeys(found) if w] or [f"{row.deal} is credited, in another period."]


def dispute_json(ws: Workspace, row: PayDispute) -> dict[str, Any]:
    """A dispute as JSON."""
    names = ("period", "payee", "component", "deal", "kind", "text", "state", "verdict", "opened_by", "root_cause",
             "answer", "triaged_by", "decided_by", "closed_by")  # fmt: skip
    at = {n: naive(getattr(row, n)) for n in ("opened_at", "triaged_at", "decided_at", "closed_at", "due")}
    ended, until = at["decided_at"] or ws.now(), at["due"]
    adjustments = [{"id": a.pk, "amount": money(cents(a.amount)), "period": a.period, "state": a.state}
                   for a in row.adjustments.order_by("id")]  # fmt: skip
    return {"id": row.pk, **{n: getattr(row, n) for n in names}, **at, "late": until is not None and ended > until,
            "trace": list(row.trace), "adjustments": adjustments}  # fmt: skip


def _deciding(ws: Workspace, actor: Actor) -> Any:
    require(actor, Permission.run_pay)
    return writing(ws, in_turn=True)


def _decide(ws: Workspace, actor: Actor, row: PayDispute, verdict: str, answer: str, root_cause: str) -> None:
    row.state = row.verdict = verdict
    row.answer, row.root_cause = answer, " ".join(root_cause.split())[:200] or row.root_cause
    row.decided_by, row.decided_at, row.open_key = actor.login, aware(ws.now()), None
    row.save()
    close_commitment(ws, actor, key=_key(row))
    record(ws, actor, f"pay.dispute_{verdict}", _subject(row), answer=answer, root_cause=row.root_cause)


def _need(row: PayDispute, state: str, wanted: str) -> None:
    if row.state != state:
        hint = {
            "opened": f"Triage it first: geartrain pay dispute triage {row.pk}",
            "closed": "Open a new one with what is new.",
        }.get(row.state, "What is decided stays; open a new one with what is new.")
        raise Conflict(f"Dispute {row.pk} is {row.state}; it cannot be {wanted}.", hint=hint)


def _row(ws: Workspace, actor: Actor, id: int) -> PayDispute:
    row = _visible(ws, actor).filter(pk=id).first() if abs(id) < 2**63 else None
    if row is None:
        raise NotFound(f"There is no dispute {id}.", hint="See them with: geartrain pay dispute list")
    found: PayDispute = row
    return found


def _visible(ws: Workspace, actor: Actor) -> Any:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PayDispute

    rows = PayDispute.objects.all()
    if actor.may(Permission.view_pay):
        return rows
    if actor.user_id is None:
        return rows.none()
    with open_facts(ws, operator()) as facts:
        return rows.filter(payee__in=facts.hierarchy().tree(actor.user_id))


def _chain(ws: Workspace, payee: str) -> list[str]:
    with open_facts(ws, operator()) as facts:
        return list(facts.hierarchy().chain(payee))


def _need_line(statement: Mapping[str, Any], component: str, deal: str, *, missing: bool) -> None:
    parts = {p["key"]: p for p in statement["components"]}
    if component and component not in parts:
        hint = f"One of: {', '.join(parts)}."
        raise NotFound(f"The statement has no component '{component}'.", hint=hint)
    if missing:
        if not deal:
            raise Invalid("Which deal is missing?", hint="Name it: --deal ID.")
        return
    if deal and not any(_of(x, k, component, deal) for k, p in parts.items() for x in p["lines"]):
        hint = "Open a dispute of kind missing_credit where it ought to have one."
        raise NotFound(f"The statement has no line of {deal}.", hint=hint)


def _of(line: Mapping[str, Any], key: str, component: str, deal: str) -> bool:
    return (not component or key == component) and (not deal or line["deal"] == deal)


def _due(ws: Workspace, now: datetime) -> datetime:
    held = current_policies(ws).of("business_calendar")
    named = held.get("default") or next(iter(held.values()), None)
    business = named.spec if named else BusinessCalendar(zone=ws.calendar.zone)
    return due(business, now, Term(business_days=ws.settings.pay.dispute_days))


def _said(text: str, what: str) -> str:
    said = text.replace("\x00", "").strip()
    if not said:
        raise Invalid(f"{what} says nothing.", hint="Write it out.")
    if len(said) > LONGEST:
        raise Invalid(f"{what} is longer than {LONGEST:,} characters.", hint="Say it shorter.")
    return said


def _subject(row: PayDispute) -> str:
    return f"pay/{row.period}/{row.payee}/dispute/{row.pk}"


def _key(row: PayDispute) -> str:
    return f"{COMMITMENT}/{row.pk}"


def statuses(ws: Workspace, actor: Actor, *, period: str) -> dict[str, int]:
    """How many disputes of a period stand where, of those the actor may see."""
    from django.db.models import Count

    rows = _visible(ws, actor).filter(period=period).values_list("state").annotate(n=Count("id"))
    return dict(rows)
