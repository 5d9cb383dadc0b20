"""The inspection list: open deals at the end of a day, with the rules that fired on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import ibis

from geartrain.facts.transforms import day_of
from geartrain.facts.views.deal_interaction import is_buyer_interaction
from geartrain.intelligence.pipeline.inspection import Deal, Inspected, Norms, inspect, rules
from geartrain.intelligence.pipeline.inspection.rule import LEAST
from geartrain.intelligence.pipeline.movement import standing
from geartrain.kernel.errors import Invalid
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.forecasting.pipeline_history import check_days, engine_source, people_of, valued_states
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

ZERO = Decimal(0)


@dataclass(frozen=True)
class Inspection:
    """Every open deal that is seen, those with most against them first."""

    as_of: date
    currency: str
    rows: Sequence[Inspected]
    norms: Norms
    names: dict[str, str]
    rule: str | None = None

    @property
    def listed(self) -> list[Inspected]:
        """Those on which a rule fired: the one asked for, or any."""
        return [r for r in self.rows if (self.rule in r.fired if self.rule else r.fired)]

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer: what each rule found and could not judge, then the deals."""
        found, total = self.listed, len(self.rows)
        return {
            "as_of": self.as_of,
            "currency": self.currency,
            "open_deals": total,
            "listed": len(found),
            "amount": sum((r.deal.amount or ZERO for r in found), ZERO),
            "rules": [
                {
                    "rule": key, "title": rule.title, "then": rule.then,
                    "deals": sum(key in r.fired for r in self.rows),
                    "amount": sum((r.deal.amount or ZERO for r in self.rows if key in r.fired), ZERO),
                    "not_judged": sum(key in r.unknown for r in self.rows),
                }
                for key, rule in rules().items()
            ],
            "deals": [self.row(r) for r in found],
        }  # fmt: skip

    def row(self, one: Inspected) -> dict[str, Any]:
        """One deal with why it is listed."""
        deal = one.deal
        return {
            "opportunity_id": deal.opportunity_id, "name": deal.name, "owner_id": deal.owner_id,
            "owner": self.names.get(deal.owner_id or ""), "stage": deal.stage, "amount": deal.amount,
            "close_date": deal.close_date, "age_days": deal.age_days, "days_in_stage": deal.days_in_stage,
            "pushes": deal.pushes, "rules": [{"rule": k, "why": why} for k, why in one.fired.items()],
            "not_judged": list(one.unknown),
        }  # fmt: skip


def inspect_pipeline(
    ws: Workspace, actor: Actor, *, as_of: date | None = None, owner: str | None = None, rule: str | None = None
) -> Inspection:
    """The open deals that need a look.

    Args:
        as_of: The last day the facts tell of where None.
        owner: Only the deals of this person and everyone below.
        rule: Only those on which this one fired.

    Raises:
        Invalid: no such rule. NotFound: nobody by that id whose deals the actor may see.
    """
    require(actor, Permission.view_records)
    if rule is not None and rule not in rules():
        raise Invalid(f"There is no rule '{rule[:60]}'.", hint=f"One of: {', '.join(rules())}.")
    last = last_day(ws, actor)
    day = as_of or last
    check_days(day)
    with open_facts(ws, actor, as_of=day) as facts:
        people = people_of(facts, owner)
        key = ("inspection", owner, day >= last, facts.scope(pay_read=False))
        rows, norms, names = remembered(key, lambda: _inspect(ws, facts, people, today=day >= last))
    return Inspection(day, ws.currency, rows, norms, names, rule)


def _inspect(
    ws: Workspace, facts: Facts, people: frozenset[str] | None, *, today: bool
) -> tuple[list[Inspected], Norms, dict[str, str]]:
    source = engine_source(ws, facts)
    states, rates = valued_states(ws, facts, "amount")
    end = facts.calendar.instant(facts.as_of + timedelta(days=1))
    rows = standing(states, end)
    rows = rows.filter(~rows.is_closed)
    if people is not None:
        rows = rows.filter(rows.owner_id.isin(sorted(people)) if people else ibis.literal(False))
    rows = rates.apply(rows, "worth", facts.as_of)
    visits, pushes = source.table("stage_visit"), source.table("close_date_push")
    inside = visits.filter(visits.is_inside).select(v_deal="opportunity_id", v_stage="stage", v_days="days")
    moved = pushes.select(p_deal="opportunity_id", pushes="pushes")
    met, any_touch = _touches(facts, end)
    deals = facts.raw("opportunity").select(o_deal="opportunity_id", name="name", next_step="next_step")
    rows = rows.left_join(inside, [rows.opportunity_id == inside.v_deal, rows.stage == inside.v_stage])
    rows = rows.left_join(moved, rows.opportunity_id == moved.p_deal)
    rows = rows.left_join(met, rows.opportunity_id == met.t_deal)
    rows = rows.left_join(deals, rows.opportunity_id == deals.o_deal)
    told = rows.select(
        "opportunity_id", "owner_id", "stage", "worth", "close_date", "name", "next_step", "touched", "contacts",
        created=day_of(rows.created_at, facts.calendar), days=rows.v_days, pushes=rows.pushes.fill_null(0),
    )  # fmt: skip
    listed = facts.execute(told.order_by("opportunity_id")).to_pylist()
    changes = facts.raw("opportunity_change")
    tracked = bool(facts.execute(changes.filter(changes.field == "close_date").limit(1)).num_rows)
    norms = Norms(
        facts.as_of, _stage_days(facts, visits), _large(facts, states, end), tracked=tracked,
        touches=any_touch, today=today,
    )  # fmt: skip
    users = facts.execute(facts.raw("user").select("user_id", "name")).to_pylist()
    return inspect([_deal(r, facts.as_of) for r in listed], norms), norms, {u["user_id"]: u["name"] for u in users}


def _deal(row: dict[str, Any], day: date) -> Deal:
    age = (day - row["created"]).days if row["created"] else 0
    return Deal(
        row["opportunity_id"], row["owner_id"], row["stage"], row["worth"], row["close_date"], age, row["days"],
        int(row["pushes"]), row["touched"], row["contacts"] or None, row["next_step"], row["name"],
    )  # fmt: skip


def _touches(facts: Facts, end: Any) -> tuple[ibis.Table, bool]:
    """Per deal, the last day of contact both ways and the people spoken with; and whether any contact is recorded."""
    touches = facts.raw("touch")
    touches = touches.filter(touches.occurred_at < ibis.literal(end, "timestamp(6)"), touches.opportunity_id.notnull())
    both = touches.filter(is_buyer_interaction(touches))
    both = both.mutate(day=day_of(both.occurred_at, facts.calendar))
    met = both.group_by(t_deal=both.opportunity_id).aggregate(touched=both.day.max(), contacts=both.lead_id.nunique())
    return met, bool(facts.execute(touches.limit(1)).num_rows)


def _stage_days(facts: Facts, visits: ibis.Table) -> dict[str, Decimal]:
    deals = facts.raw("opportunity")
    won = deals.filter(deals.is_won & (day_of(deals.closed_at, facts.calendar) <= ibis.literal(facts.as_of)))
    past = visits.filter(~visits.is_inside).semi_join(won, "opportunity_id")
    past = past.mutate(days=past.days.cast("float64"))
    usual = past.group_by("stage").aggregate(n=past.count(), p75=past.days.quantile(0.75))
    rows = facts.execute(usual).to_pylist()
    return {r["stage"]: Decimal(str(round(r["p75"], 2))) for r in rows if r["n"] >= LEAST}


def _large(facts: Facts, states: ibis.Table, end: Any) -> Decimal | None:
    """95th percentile of what won deals of the workspace's currency were won at."""
    rows = standing(states, end)
    own = ibis.coalesce(rows.currency, facts.currency) == facts.currency
    won = rows.filter(rows.is_won & own & rows.worth.notnull())
    won = won.mutate(worth=won.worth.cast("float64"))
    row = facts.execute(won.aggregate(n=won.count(), p95=won.worth.quantile(0.95))).to_pylist()[0]
    return Decimal(str(round(row["p95"], 2))) if row["n"] >= LEAST else None
