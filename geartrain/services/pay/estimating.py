"""What somebody would be paid if some deals closed: the engine of the run, over facts that are supposed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from geartrain.incentives.conditions import as_day
from geartrain.incentives.crediting import eligible
from geartrain.incentives.evaluate import evaluate_payee
from geartrain.incentives.plan import CompPlan
from geartrain.incentives.spifs import spif_lines
from geartrain.incentives.statements import money, statement
from geartrain.incentives.windows import pay_period
from geartrain.kernel.errors import NotFound
from geartrain.kernel.periods import Period
from geartrain.services.access import Actor, operator
from geartrain.services.pay import ledger as pay_ledger
from geartrain.services.pay.facts import PayFacts
from geartrain.services.pay.inputs import gather, inputs_hash
from geartrain.services.pay.plans import KIND
from geartrain.services.pay.runs import get_statement, may_see_pay
from geartrain.services.pay.supposing import Supposed, read_supposed, suppose
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace


def estimate_pay(ws: Workspace, actor: Actor, *, payee: str, deals: Any, period: str = "") -> dict[str, Any]:
    """The statement of a period if these deals closed; nothing is written.

    Args:
        deals: `[{"deal": "O-1", "close": "2026-06-30"}, {"amount": 50000, "close": "2026-06-12", "type": "new"}]`:
            open deals of the facts, with another amount where one is given, and deals that are in no system yet.
        period: A pay period; the one that the last of them is paid in where empty.

    Raises:
        NotFound: no such payee or deal, to the actor. Invalid: the deals are not of that shape.
    """
    may_see_pay(ws, actor, payee)
    supposed = read_supposed(deals)
    with open_facts(ws, actor) as seen:
        suppose(seen, supposed, owner=payee)  # what the actor may not see is not there
    comp_plan = _plan_of(ws, payee, max(d.close for d in supposed))
    span = _span(ws, comp_plan, period, max(d.close for d in supposed))
    found = _priced(ws, payee, supposed, comp_plan, span)
    now = _now(ws, actor, payee, span)
    names = {d.named(n) for n, d in enumerate(supposed, 1)}
    lines = [x for part in found["components"] for x in part["lines"] if x["deal"] in names]
    return {
        "payee": payee,
        "period": span.key,
        "plan": comp_plan.key,
        "currency": comp_plan.currency,
        "deals": [{"deal": d.named(n), "close": d.close, "amount": d.amount} for n, d in enumerate(supposed, 1)],
        "paid_now": money(now),
        "paid": found["paid"],
        "difference": money(Decimal(found["paid"]) - now),
        "lines": lines,
        "statement": found,
    }


def open_deals(ws: Workspace, actor: Actor, *, payee: str) -> list[dict[str, Any]]:
    """A payee's open deals, the ones that close first on top: what an estimate may name.

    Raises:
        NotFound: there is no such payee, to the actor.
    """
    may_see_pay(ws, actor, payee)
    with open_facts(ws, actor) as facts:
        table = facts.table("opportunity")
        mine = table.filter((table.owner_id == payee) & ~table.is_closed)
        rows = facts.execute(mine.select("opportunity_id", "name", "amount", "close_date")).to_pylist()
    return sorted(rows, key=lambda r: (r["close_date"] is None, r["close_date"], r["opportunity_id"]))[:200]


def _priced(
    ws: Workspace, payee: str, supposed: tuple[Supposed, ...], comp_plan: CompPlan, span: Period
) -> dict[str, Any]:
    plans = [p.envelope for _, p in sorted(current_policies(ws).of(KIND).items())]
    together = [p for p in plans if p.effective[0] < span.end and p.effective[1] > comp_plan.effective[0]]
    with open_facts(ws, operator(), as_of=max(span.end, ws.calendar.day_of(ws.now()))) as facts:
        inputs = gather(suppose(facts, supposed, owner=payee), together, until=span.end)
    payees = inputs.payees[comp_plan.key]
    one = next((p for p in payees if p.id == payee), None)
    if one is None:
        raise NotFound(f"There is no payee '{payee}'.", hint="Name a user_id of the facts.")
    awards = spif_lines(comp_plan, payees, ws.calendar)
    until = min(span.end, comp_plan.effective[1])
    found = evaluate_payee(comp_plan, one, ws.calendar, awards=awards.get(payee, ()), until=until)
    posted = [a for a in pay_ledger.posted(ws).get(span.key, ()) if a.of.payee == payee]
    policy = current_policies(ws).of(KIND)[comp_plan.key]
    return statement(found, span, ws.calendar, team={}, adjustments=posted, inputs=inputs_hash(one),
                     plan_sha256=policy.sha256)  # fmt: skip


def _plan_of(ws: Workspace, payee: str, day: date) -> CompPlan:
    """The plan somebody is paid by on a day."""
    with open_facts(ws, operator()) as facts:
        user = PayFacts(replace(facts)).users.get(payee, {})
    end = as_day(user.get("end_date"))
    for _, policy in sorted(current_policies(ws).of(KIND).items()):
        comp_plan: CompPlan = policy.envelope
        if (
            comp_plan.effective[0] <= day < comp_plan.effective[1]
            and eligible(comp_plan, user)
            and not (end and end < day)
        ):
            return comp_plan
    raise NotFound(
        f"No compensation plan pays {payee} on {day}.", hint="Is a plan in force that they are eligible for?"
    )


def _span(ws: Workspace, comp_plan: CompPlan, period: str, last: date) -> Period:
    if not period:
        return pay_period(last, comp_plan.pay.frequency, ws.calendar)
    from geartrain.services.pay.runs import period_of

    return period_of(ws.calendar, period)


def _now(ws: Workspace, actor: Actor, payee: str, span: Period) -> Decimal:
    try:
        return Decimal(get_statement(ws, actor, payee=payee, period=span.key)["paid"])
    except NotFound:
        return Decimal(0)
