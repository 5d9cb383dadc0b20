"""Payees with their credits, quotas and scores, from the facts and the plans in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

from geartrain.incentives.conditions import as_day, evaluate
from geartrain.incentives.crediting import ANY, Deal, Staff, counted, credits_of, eligible, split_by_plan
from geartrain.incentives.lines import Credit, Payee, QuotaFact
from geartrain.incentives.plan import CompPlan, Measure
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy.decision import canonical
from geartrain.services.pay.facts import PayFacts
from geartrain.services.records.facts import Facts

FIRST = ("plan", "month_end", "spot")
OF_THE_DAY = ("spot", "month_end", "plan")


@dataclass(frozen=True)
class Inputs:
    """Everything a run rests on: plans, the payees of each, and what was wrong in the facts."""

    plans: tuple[CompPlan, ...]
    payees: Mapping[str, tuple[Payee, ...]]
    issues: tuple[Issue, ...]
    users: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def gather(facts: Facts, plans: Sequence[CompPlan], *, until: date) -> Inputs:
    """Payees of each plan, with credits of days before `until`."""
    held = PayFacts(facts)
    mine, issues = split_by_plan(plans, held.users)
    credits: dict[tuple[str, str], list[Credit]] = defaultdict(list)
    staff = Staff(held.users, held.hierarchy)
    told: dict[tuple[str, str], Issue] = {}
    for comp_plan in plans:
        for name, measure in comp_plan.measures.items():
            _credit(held, comp_plan, plans, name, measure, staff, mine, credits, told, until)
    payees = {
        comp_plan.key: tuple(
            _payee(held, comp_plan, who, credits.get((comp_plan.key, who), []))
            for who in sorted(mine)
            if comp_plan in mine[who] and _takes_part(comp_plan, held.users[who], until)
        )
        for comp_plan in plans
    }
    every = (*issues, *(told[k] for k in sorted(told)))
    return Inputs(tuple(plans), payees, every, held.users)


def inputs_hash(payee: Payee) -> str:
    """Hash of what a payee's pay rests on, whatever order it came in."""
    credits = sorted(canonical([c.id, c.day, c.type, c.measure, str(c.amount), str(c.share), str(c.pay_rate)])
                     for c in payee.credits)  # fmt: skip
    quotas = [[q.measure, q.start, q.end, str(q.amount)] for q in payee.quotas]
    scores = {k: str(v) for k, v in payee.scores.items()}
    return sha256(canonical([payee.id, credits, quotas, scores]).encode()).hexdigest()


def _takes_part(comp_plan: CompPlan, user: Mapping[str, object], until: date) -> bool:
    start, end = as_day(user.get("start_date")), as_day(user.get("end_date"))
    last = min(until, comp_plan.effective[1])
    return not (start and start >= last) and not (end and end < comp_plan.effective[0])


def _payee(held: PayFacts, comp_plan: CompPlan, who: str, credits: list[Credit]) -> Payee:
    user = held.users[who]
    quotas = tuple(_converted(held, comp_plan, q) for q in held.quotas.get(who, ()))
    return Payee(who, user, quotas, {}, tuple(credits), _scores(held, comp_plan, user, quotas))


def _converted(held: PayFacts, comp_plan: CompPlan, q: QuotaFact) -> QuotaFact:
    rate = held.rate(q.currency, comp_plan.currency, q.start, FIRST) if q.currency else Fraction(1)
    return replace(q, amount=q.amount * rate) if rate is not None else q


def _scores(
    held: PayFacts, comp_plan: CompPlan, user: Mapping[str, object], quotas: Sequence[QuotaFact]
) -> dict[str, Fraction]:
    """A score is what a person's record carries under its name, or a quota fact of that measure."""
    found: dict[str, Fraction] = {}
    for component in comp_plan.components:
        if component.score is None:
            continue
        value = user.get(component.score)
        facts = [q for q in quotas if q.measure == component.score and q.start < comp_plan.effective[1]]
        if isinstance(value, Decimal | int):
            found[component.score] = Fraction(value)
        elif facts:
            found[component.score] = facts[-1].amount
    return found


def _credit(
    held: PayFacts,
    comp_plan: CompPlan,
    plans: Sequence[CompPlan],
    name: str,
    measure: Measure,
    staff: Staff,
    mine: Mapping[str, list[CompPlan]],
    credits: dict[tuple[str, str], list[Credit]],
    told: dict[tuple[str, str], Issue],
    until: date,
) -> None:
    """Hand out the credits of one measure of one plan to the payees of the plan."""
    if measure.source not in held.facts.types:
        known = ", ".join(sorted(held.facts.types))
        raise Invalid(
            f"{comp_plan.key}/measures/{name}: there are no records '{measure.source}'.", hint=f"One of: {known}."
        )
    start, end = comp_plan.effective
    for deal in held.deals(measure.source):
        amount, _ = counted(comp_plan, name, deal)
        if amount is None:
            continue
        at = evaluate(measure.date, deal.values, where=f"{comp_plan.key}/measures/{name}")
        day = held.facts.calendar.day_of(at) if isinstance(at, datetime) else as_day(at)
        if day is None or not start <= day < min(end, until):
            continue
        owned = replace(deal, owner=held.owner_on(deal, at if isinstance(at, datetime) else None))
        shares, wrong = credits_of(owned, staff, plans, day)
        told.update({(i.code, i.where): i for i in wrong})
        currency = str(deal.values.get("currency") or held.facts.currency)
        rates = [held.rate(currency, comp_plan.currency, day, kinds) for kinds in (FIRST, OF_THE_DAY)]
        if rates[0] is None or rates[1] is None:
            told["pay_rate_missing", deal.id] = _no_rate(deal, currency, comp_plan.currency, day)
            continue
        for share in shares:
            if measure.credit not in (ANY, share.type) or comp_plan not in mine.get(share.person, ()):
                continue
            credits[comp_plan.key, share.person].append(
                Credit(deal.id, day, amount * share.share * rates[0], amount * rates[0], share.share, share.type, name,
                       deal.values, rates[1] / rates[0])
            )  # fmt: skip


def _no_rate(deal: Deal, held: str, wanted: str, day: date) -> Issue:
    message = f"{deal.id} is in {held}, and there is no rate to {wanted} for {day}: nobody is credited."
    return Issue("pay_rate_missing", Level.error, message, f"opportunity/{deal.id}", "Load an fx_rate of kind plan.")


def why_not(facts: Facts, comp_plan: CompPlan, measure: str, *, deal: str, payee: str) -> str | None:
    """The first reason why somebody is not credited for a deal; None where they are."""
    held = PayFacts(facts)
    found = next((d for d in held.deals(comp_plan.measures[measure].source) if d.id == deal), None)
    if found is None:
        return f"There is no {comp_plan.measures[measure].source} '{deal}'."
    amount, reason = counted(comp_plan, measure, found)
    if amount is None:
        return f"{deal}: {reason}."
    if payee not in held.users or not eligible(comp_plan, held.users[payee]):
        return f"{payee} is not eligible for {comp_plan.key}."
    at = evaluate(comp_plan.measures[measure].date, found.values, where=comp_plan.key)
    day = held.facts.calendar.day_of(at) if isinstance(at, datetime) else as_day(at)
    if day is None or not comp_plan.effective[0] <= day < comp_plan.effective[1]:
        return f"{deal} is dated {day}, outside the plan."
    shares, wrong = credits_of(found, Staff(held.users, held.hierarchy), [comp_plan], day)
    if wrong:
        return wrong[0].message
    if not any(s.person == payee and comp_plan.measures[measure].credit in (ANY, s.type) for s in shares):
        return f"{payee} has no {comp_plan.measures[measure].credit} credit of {deal}."
    return None
