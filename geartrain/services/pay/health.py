"""Comp health of a period: over the same evaluations that pay it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from geartrain.incentives.conditions import as_day
from geartrain.incentives.evaluate import Evaluation, evaluate_payee
from geartrain.incentives.health import attainment, conduct, cost
from geartrain.incentives.health.liabilities import Liability, by_age, in_order, liabilities
from geartrain.incentives.health.simulated import Simulated, curve_of, simulate
from geartrain.incentives.health.values import Measure, Person, ratio, total
from geartrain.incentives.lines import Payee
from geartrain.incentives.plan import CompPlan
from geartrain.incentives.statements import attainment_at, money
from geartrain.incentives.windows import participation, pay_period, pay_periods, year_share
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.periods import Calendar, Grain, Period
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.pay.conduct import conduct_of
from geartrain.services.pay.exports import LIFE, costs_of
from geartrain.services.pay.plans import KIND
from geartrain.services.pay.runs import Run, calculate, users_of
from geartrain.services.policies import current_policies
from geartrain.services.workspace import Workspace

User = Mapping[str, Any]


@dataclass(frozen=True)
class Health:
    """The scorecard of a period."""

    period: Period
    currency: str
    people: tuple[Person, ...]
    measures: tuple[Measure, ...]
    simulated: tuple[Simulated, ...]
    not_simulated: tuple[str, ...]
    liabilities: tuple[Liability, ...]
    names: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """The shape of `pay health --format json`."""
        last = self.period.end - timedelta(days=1)
        return {
            "period": self.period.key,
            "currency": self.currency,
            "payees": len(self.people),
            "measures": [m.as_json() for m in self.measures],
            "simulated": [s.as_json() for s in self.simulated],
            "not_simulated": list(self.not_simulated),
            "liabilities": {
                "by_age": by_age(self.liabilities, on=last),
                "held": [h.as_json(last) for h in self.liabilities],
            },
        }


def get_health(ws: Workspace, actor: Actor, *, period: str) -> Health:
    """The scorecard of a period: a month, a quarter or a year.

    Raises:
        Invalid: not a period. NotFound: no plan is in force in it.
    """
    require(actor, Permission.view_pay)
    span = ws.calendar.parse(period)
    runs = _runs(ws, span)
    evaluations = [e for run in runs for e in run.evaluations if _overlaps(e.comp_plan, span)]
    users = users_of(ws)
    people = tuple(_person(e, span, ws.calendar, users.get(e.payee.id, {})) for e in evaluations)
    found = (
        *cost.measures(people),
        *attainment.measures(people),
        attainment.over_assignment(_quotas(people), {k: str(u.get("manager_id") or "") for k, u in users.items()}),
        *conduct.measures(conduct_of(ws, span, evaluations, people)),
    )
    key = "pay health", span, tuple(r.manifest for r in runs), tuple(p.payee for p in people)
    simulated, left_out = remembered(key, lambda: _simulated(evaluations, people, span, ws.calendar))
    held = in_order(_liabilities(evaluations, runs, span, users), on=span.end)
    currency = runs[0].currency if len({r.currency for r in runs}) == 1 else ws.currency
    names = {p.payee: p.name for p in people}
    return Health(span, currency, people, found, simulated, left_out, tuple(held), names)


def default_period(calendar: Calendar, last: date) -> str:
    """The last whole quarter before a day."""
    return calendar.containing(calendar.containing(last, Grain.quarter).start - timedelta(days=1), Grain.quarter).key


def _runs(ws: Workspace, span: Period) -> list[Run]:
    """A run for each frequency of pay: of the pay period that holds the last day, which knows all before it."""
    plans = [p.envelope for p in current_policies(ws).of(KIND).values() if _overlaps(p.envelope, span)]
    if not plans:
        hint = "Write one to policies/, and look at it with: geartrain pay plan check FILE"
        raise NotFound(f"No compensation plan is in force in {span.key}.", hint=hint)
    keys = {
        pay_period(min(span.end, p.effective[1]) - timedelta(days=1), p.pay.frequency, ws.calendar).key for p in plans
    }
    found = []
    for key in sorted(keys):
        try:
            found.append(calculate(ws, period=key))
        except (Invalid, NotFound):
            continue
    return found


def _overlaps(comp_plan: CompPlan, span: Period) -> bool:
    return comp_plan.effective[0] < span.end and comp_plan.effective[1] > span.start


def _within(e: Evaluation, span: Period, calendar: Calendar) -> set[str]:
    """The pay periods of a plan that end within a span."""
    start, end = max(span.start, e.comp_plan.effective[0]), min(span.end, e.comp_plan.effective[1])
    return {p.key for p in pay_periods(start, end, e.comp_plan.pay.frequency, calendar) if p.end <= span.end}


def _person(e: Evaluation, span: Period, calendar: Calendar, user: User) -> Person:
    keys = _within(e, span, calendar)
    lines = [x for x in e.lines if x.period in keys]
    deals = {(x.id, x.type): x for x in lines if x.type != "score" and x.booked is not None}
    credited: dict[str, Fraction] = {}
    for (deal, _), line in deals.items():
        credited[deal] = credited.get(deal, Fraction(0)) + line.credit
    main = max((c for c in e.comp_plan.components if c.quota), key=lambda c: c.weight, default=None)
    part = next((p for p in e.components if main is not None and p.key == main.key), None)
    reached = attainment_at(e, part, span, calendar) if part else None
    start, end = as_day(user.get("start_date")), as_day(user.get("end_date"))
    there = participation(start, end, span) * year_share(span)
    annual = e.comp_plan.annual_target if e.comp_plan.target_incentive else _amount(user, "target_incentive")
    base = _amount(user, "base_salary")
    year = Period(*e.comp_plan.effective, "year")
    quotas = [q.amount for q in e.payee.quotas if main and main.quota and q.measure == main.quota.measure
              and q.start < year.end and q.end > year.start]  # fmt: skip
    by_share = main is not None and main.tiers is not None and main.tiers.basis == "quota_share"
    floor = main.threshold.at if main and main.threshold and main.threshold.at and by_share else None
    top = main.rates[-1].low if main and by_share and len(main.rates) > 1 else None
    return Person(
        e.payee.id,
        str(user.get("name") or e.payee.id),
        e.comp_plan.key,
        str(user.get("role") or ""),
        sum((x.amount for x in lines), Decimal(0)),
        target=annual * there if annual else None,
        base=base * there if base else None,
        credited=credited,
        booked={deal: x.booked for (deal, _), x in deals.items() if x.booked is not None},
        attained=reached[0] if reached else None,
        quota=reached[1] if reached else None,
        annual_quota=sum(quotas, Fraction(0)) or None,
        annual_pay=annual + base if annual and base else None,
        threshold=None if floor is None else Fraction(floor),
        excellence=None if top is None else Fraction(top),
        left=bool(end and end < span.end),
        manager=str(user.get("manager_id") or ""),
    )


def _amount(user: User, column: str) -> Fraction | None:
    value = user.get(column)
    return None if value is None else Fraction(str(value))


def _quotas(people: Sequence[Person]) -> dict[str, Fraction]:
    return {p.payee: p.annual_quota for p in people if p.annual_quota}


def _simulated(
    evaluations: Sequence[Evaluation], people: Sequence[Person], span: Period, calendar: Calendar
) -> tuple[tuple[Simulated, ...], tuple[str, ...]]:
    """Percentiles at each level, and who could not be simulated."""
    carriers = [p for p in people if p.attainment is not None]
    company = ratio(total(p.attained for p in carriers), total(p.quota for p in carriers)) or Fraction(1)
    curves, left_out = [], []
    for e, p in zip(evaluations, people, strict=True):
        price = _price(e, span, calendar)
        curve = curve_of(e, price, attainment=p.attainment, quota=p.quota, company=company)
        if curve is None:
            left_out.append(p.payee)
        else:
            curves.append(curve)
    history = [p.attainment for p in carriers if p.attainment is not None]
    return tuple(simulate(curves, history)), tuple(left_out)


def _price(e: Evaluation, span: Period, calendar: Calendar) -> Callable[[Payee], Fraction]:
    keys, until = _within(e, span, calendar), min(span.end, e.comp_plan.effective[1])

    def price(payee: Payee) -> Fraction:
        lines = evaluate_payee(e.comp_plan, payee, calendar, until=until).lines
        return total(x.amount for x in lines if x.period in keys)

    return price


def _liabilities(
    evaluations: Sequence[Evaluation], runs: Sequence[Run], span: Period, users: Mapping[str, User]
) -> Iterator[Liability]:
    def gone(who: str) -> bool:
        end = as_day(users.get(who, {}).get("end_date"))
        return bool(end and end < span.end)

    for e in evaluations:
        yield from liabilities(e, until=span.end, left=gone(e.payee.id))
    from geartrain.incentives.amortising import roll_forward

    plans = {e.payee.id: e.comp_plan.key for e in evaluations}
    held: dict[str, list[Any]] = {}
    for run in runs:
        for c in costs_of(run, LIFE):
            if c.day < span.end and c.life >= 12:
                held.setdefault(c.payee, []).append(c)
    month = (span.end - timedelta(days=1)).replace(day=1)
    for who, costs in sorted(held.items()):
        closing = roll_forward(costs, start=month, months=1)[-1].closing
        if closing:
            yield Liability("asset", who, plans.get(who, ""), closing, min(c.day for c in costs), gone(who))


def summed(held: Sequence[Liability], kind: str) -> str:
    """The sum of one kind, as money."""
    return money(sum((h.amount for h in held if h.kind == kind), Decimal(0)))
