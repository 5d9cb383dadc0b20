"""What the company owes or is owed over pay: draws, holdbacks, carried caps, the asset of commissions; by age."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from geartrain.incentives.evaluate import Evaluation
from geartrain.incentives.exact import rounded

AGES = (30, 90, 180, 365)


@dataclass(frozen=True)
class Liability:
    """One balance of one payee at the end of a period.

    Args:
        kind: draw (owed by the payee), holdback, carried_cap (owed to them), asset (not yet written off).
        since: The day the oldest part of it dates from.
        left: Whether the payee has left.
    """

    kind: str
    payee: str
    comp_plan: str
    amount: Decimal
    since: date
    left: bool = False

    def age(self, on: date) -> int:
        """Days."""
        return max(0, (on - self.since).days)

    def as_json(self, on: date) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {"kind": self.kind, "payee": self.payee, "plan": self.comp_plan, "amount": f"{self.amount:.2f}",
                "since": self.since, "days": self.age(on), "left": self.left}  # fmt: skip


def liabilities(found: Evaluation, *, until: date, left: bool) -> Iterator[Liability]:
    """Draws owed, holdbacks and carried caps of an evaluation, of what happened before a day."""
    who, comp_plan = found.payee.id, found.comp_plan.key

    def one(kind: str, amount: Decimal, since: date) -> Liability:
        return Liability(kind, who, comp_plan, amount, since, left)

    periods = [p for p in found.periods if p.start < until]
    if periods and periods[-1].owed:
        clean = [n for n, p in enumerate(periods) if not p.owed]
        yield one("draw", periods[-1].owed, periods[clean[-1] + 1 if clean else 0].start)
    held: dict[tuple[str, str], tuple[date, Decimal]] = {}
    for m in found.moves:
        if m.day < until and m.kind in ("withheld", "released", "cancelled"):
            since, sum_ = held.get((m.component, m.id), (m.day, Decimal(0)))
            # Withheld is negative, released and cancelled take it away again.
            held[m.component, m.id] = since, sum_ + (-m.amount if m.kind != "cancelled" else m.amount)
    open_ = [(since, amount) for since, amount in held.values() if amount]
    if open_:
        yield one("holdback", sum((a for _, a in open_), Decimal(0)), min(s for s, _ in open_))
    yield from _carried(found, until, one)


def _carried(found: Evaluation, until: date, one: Any) -> Iterator[Liability]:
    for component in found.comp_plan.components:
        if component.caps.excess != "carry":
            continue
        lines = [x for part in found.components if part.key == component.key for x in part.lines if x.day < until]
        parts = [(x.day, s.pay) for x in lines for s in x.slices if s.part in ("capped", "carried")]
        balance = -sum((pay for _, pay in parts), Fraction(0))
        if balance > 0:
            yield one("carried_cap", rounded(balance, found.comp_plan.rounding), min(d for d, p in parts if p < 0))


def by_age(held: Iterable[Liability], *, on: date) -> list[dict[str, Any]]:
    """Sums by kind and age, oldest last. A row for each kind there is, leavers first beside it."""
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for h in held:
        sums[h.kind][_bracket(h.age(on))] += h.amount
        sums[h.kind]["total"] += h.amount
        sums[h.kind]["leavers"] += h.amount if h.left else Decimal(0)
    names = [*(_bracket(a) for a in AGES), f"over {AGES[-1]}", "leavers", "total"]
    return [{"kind": kind, **{n: f"{row[n]:.2f}" for n in names}} for kind, row in sorted(sums.items())]


def in_order(held: Iterable[Liability], *, on: date) -> list[Liability]:
    """Leavers first, then the oldest, then the greatest."""
    return sorted(held, key=lambda h: (not h.left, -h.age(on), -abs(h.amount), h.kind, h.payee))


def _bracket(days: int) -> str:
    below = 0
    for most in AGES:
        if days <= most:
            return f"{below} to {most}"
        below = most + 1
    return f"over {AGES[-1]}"
