"""Who is credited for a deal: those who share it, overlays on top, managers above."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from geartrain.incentives.conditions import evaluate, holds
from geartrain.incentives.plan import CompPlan, Crediting
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.rules import parse

ONE = Fraction(1)
DIRECT, OVERLAY, ROLLUP, ANY = "direct", "overlay", "rollup", "any"


@dataclass(frozen=True)
class Deal:
    """A record that may be credited.

    Args:
        id: Of the deal it belongs to.
        owner: Whose it was on the credit date.
        values: Its columns, those of what it refers to, and `extra`.
        splits: (person, share, type) as the facts have them.
    """

    id: str
    owner: str | None
    values: Mapping[str, Any]
    splits: tuple[tuple[str, Fraction, str], ...] = ()


@dataclass(frozen=True)
class Staff:
    """Everybody, and who reports to whom."""

    users: Mapping[str, Mapping[str, Any]]
    hierarchy: Hierarchy
    memo: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Credited:
    """One person's part of a deal."""

    person: str
    type: str
    share: Fraction


def eligible(comp_plan: CompPlan, user: Mapping[str, Any]) -> bool:
    """Whether a plan is for somebody. What is unknown is not."""
    if isinstance(comp_plan.eligible, str):
        return holds(comp_plan.eligible, user, where=f"{comp_plan.key}/eligible") is True
    return all(str(user.get(column)) in values for column, values in comp_plan.eligible.items())


def direct_shares(deal: Deal) -> tuple[dict[str, Fraction], Issue | None]:
    """Who shares a deal, by person: its direct splits, else its owner whole; an error where they do not sum to 1."""
    found: dict[str, Fraction] = {}
    for person, part, kind in deal.splits:
        if kind == DIRECT:
            found[person] = found.get(person, Fraction(0)) + part
    if not found:
        return ({deal.owner: ONE} if deal.owner else {}), None
    total = sum(found.values(), Fraction(0))
    if abs(total - 1) > Fraction(1, 10**6):
        message = f"The direct splits of {deal.id} sum to {float(total):.6g}, not 1: nobody is credited."
        hint = "Correct the splits so that they sum to 1; overlays come on top."
        return {}, Issue("pay_splits_sum", Level.error, message, f"opportunity/{deal.id}", hint)
    return found, None


def credits_of(deal: Deal, staff: Staff, plans: Sequence[CompPlan], day: date) -> tuple[list[Credited], list[Issue]]:
    """Everybody credited for a deal, once a type.

    Overlay and roll-up rules of a plan hold for deals that somebody of the plan is directly credited with.
    """
    direct, wrong = direct_shares(deal)
    if wrong is not None:
        return [], [wrong]
    found = {(person, DIRECT): part for person, part in direct.items()}
    for person, part, kind in deal.splits:
        if kind != DIRECT:
            found[person, kind] = found.get((person, kind), Fraction(0)) + part
    for comp_plan in plans:
        shared = {p: s for p, s in direct.items() if p in staff.users and eligible(comp_plan, staff.users[p])}
        if not shared or not comp_plan.effective[0] <= day < comp_plan.effective[1]:
            continue
        for rule in comp_plan.crediting:
            for person, kind, part in _by_rule(rule, comp_plan, deal, shared, staff):
                found[person, kind] = max(part, found.get((person, kind), Fraction(0)))
    return [Credited(person, kind, part) for (person, kind), part in sorted(found.items())], []


def _by_rule(
    rule: Crediting, comp_plan: CompPlan, deal: Deal, shared: Mapping[str, Fraction], staff: Staff
) -> Iterator[tuple[str, str, Fraction]]:
    if rule.type == OVERLAY:
        for person in _overlaid(rule.to, comp_plan, deal, staff):
            yield person, OVERLAY, Fraction(str(rule.share))
    elif rule.type == ROLLUP:
        rolled: dict[str, list[Fraction]] = {}
        for person, part in shared.items():
            for manager in staff.hierarchy.chain(person)[: rule.levels]:
                rolled.setdefault(manager, []).append(part)
        for manager, parts in sorted(rolled.items()):
            yield manager, ROLLUP, max(parts) if rule.dedupe else min(ONE, sum(parts, Fraction(0)))


def _overlaid(condition: str, comp_plan: CompPlan, deal: Deal, staff: Staff) -> tuple[str, ...]:
    """The people of an overlay; deals that are alike in what the condition reads of them share the answer."""
    of_deal = {"deal": deal.values}
    reads = sorted(f for f in parse(condition).fields if f.startswith("deal."))
    key = (condition, *(str(evaluate(f, of_deal, where=comp_plan.key)) for f in reads))
    if key not in staff.memo:
        where = f"{comp_plan.key}/crediting"
        people = sorted(staff.users.items())
        staff.memo[key] = tuple(p for p, user in people if holds(condition, {**user, **of_deal}, where=where) is True)
    return staff.memo[key]


def counted(comp_plan: CompPlan, measure: str, deal: Deal) -> tuple[Fraction | None, str]:
    """The amount a measure counts of a deal; None with the reason where it counts nothing.

    Example: "type is 'renewal': not where type <> 'renewal'".
    """
    m = comp_plan.measures[measure]
    where = f"{comp_plan.key}/measures/{measure}"
    if m.where is not None and holds(m.where, deal.values, where=where) is not True:
        return None, f"it is left out by `{m.where}`"
    amount = evaluate(m.amount, deal.values, where=where)
    if amount is None:
        return None, f"`{m.amount}` is unknown"
    return Fraction(amount), ""


def split_by_plan(
    plans: Iterable[CompPlan], users: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, list[CompPlan]], list[Issue]]:
    """The plans of each eligible person; somebody who falls under two on one day is an error, and under neither."""
    found: dict[str, list[CompPlan]] = {}
    for comp_plan in sorted(plans, key=lambda p: p.key):
        for person, user in users.items():
            if eligible(comp_plan, user):
                found.setdefault(person, []).append(comp_plan)
    issues = []
    for person, mine in sorted(found.items()):
        for n, a in enumerate(mine):
            for b in mine[n + 1 :]:
                if a.effective[0] < b.effective[1] and b.effective[0] < a.effective[1]:
                    message = f"{person} is eligible for {a.key} and {b.key} on one day, and paid by neither."
                    hint = "Make `eligible` or `effective` of the two exclude each other."
                    issues.append(Issue("plan_eligibility_overlap", Level.error, message, f"user/{person}", hint))
    wrong = {i.where.removeprefix("user/") for i in issues}
    return {p: mine for p, mine in found.items() if p not in wrong}, issues
