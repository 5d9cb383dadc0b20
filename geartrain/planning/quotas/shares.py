"""What share of its parent a node has: measures mixed, new hires ramped, guard rails kept; all of it exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import lcm

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.periods import add_months
from geartrain.kernel.policy.policy import closest
from geartrain.kernel.rules import parse
from geartrain.planning.quotas.policy import EQUAL, QuotaPolicy, Rails, Ramp, Weight
from geartrain.planning.quotas.tree import NODE, PARENT, Tree


@dataclass
class Shares:
    """Weights of the children of each parent.

    Args:
        sums: Per measure the leaf sum of each node, in whole numbers.
        mix: Per measure its part.
    """

    tree: Tree
    policy: QuotaPolicy
    sums: dict[str, list[int]]
    issues: list[Issue] = field(default_factory=list)
    _said: set[tuple[int, str]] = field(default_factory=set)

    def weights(self, parent: int, held: Sequence[int], measures: Sequence[tuple[str, Fraction]]) -> list[int]:
        """Whole-number weights of those children of a parent that are held in the split.

        Example: measures 0.6 and 0.4, leaf sums 3:1 and 1:1 are 0.65 and 0.35, so 13 and 7.
        """
        shares = [Fraction(0)] * len(held)
        for name, part in measures:
            for i, share in enumerate(self._of_measure(parent, held, name)):
                shares[i] += part * share
        if (rails := self.policy.guard_rails) is not None:
            shares = railed(shares, self._of_measure(parent, held, rails.measure), rails)
        common = lcm(*(s.denominator for s in shares))
        return [int(s * common) for s in shares]

    def _of_measure(self, parent: int, held: Sequence[int], name: str) -> list[Fraction]:
        sums = self.sums[name]
        total = sum(sums[n] for n in held)
        if total:
            return [Fraction(sums[n], total) for n in held]
        if (parent, name) not in self._said:
            self._said.add((parent, name))
            message = f"Nobody below '{self.tree.ids[parent]}' has any {name}; its children share that part equally."
            where = self.tree.table.at(self.tree.row[parent])
            hint = f"Fill in {name}, or leave it out of the weights."
            self.issues.append(Issue("quota_measure_empty", Level.warning, message, where, hint))
        return [Fraction(1, len(held))] * len(held)


def railed(shares: Sequence[Fraction], reference: Sequence[Fraction], rails: Rails) -> list[Fraction]:
    """Shares held within rails around a reference by water-filling: t × share, cut to [low, high], summing to 1.

    Example: weights 300/300/400 with ± 15 % of 480/360/360 out of 1,200 are 408/378/414.
    """
    low = [r * (1 - Fraction(rails.below)) for r in reference]
    high = [r * (1 + Fraction(rails.above)) for r in reference]
    total = sum(shares)
    wanted = [Fraction(s) / total for s in shares]

    def filled(t: Fraction) -> list[Fraction]:
        return [min(max(t * w, lo), hi) for w, lo, hi in zip(wanted, low, high, strict=True)]

    turns = sorted({b / w for w, lo, hi in zip(wanted, low, high, strict=True) if w for b in (lo, hi)})
    below = max((t for t in turns if sum(filled(t)) <= 1), default=Fraction(0))
    short = 1 - sum(filled(below))
    moving = sum(w for w, lo, hi in zip(wanted, low, high, strict=True) if w and lo <= below * w < hi)
    found = filled(below + short / moving) if moving else filled(below)
    held = sum(found)
    return [f / held for f in found] if held else list(wanted)


def ramped(started: date | None, ramp: Ramp) -> Fraction:
    """The part of a full period's quota that someone who started then carries, flat by month.

    Example: started on 1 April, curve 0, 25, 50, 75 %, a year: 6.5 of 12 months.
    """
    months = (ramp.end.year - ramp.start.year) * 12 + ramp.end.month - ramp.start.month
    if started is None:
        return Fraction(1)
    carried = Fraction(0)
    for n in range(months):
        month = add_months(ramp.start, n)
        tenure = (month.year - started.year) * 12 + month.month - started.month
        if tenure >= 0:
            carried += Fraction(ramp.curve[tenure]) if tenure < len(ramp.curve) else 1
    return carried / months


def measures_of(tree: Tree, policy: QuotaPolicy) -> tuple[dict[str, list[int]], list[Issue]]:
    """The leaf sums of every measure the policy names, in whole numbers, and the values that cannot count.

    Raises:
        Invalid: the hierarchy has no such column.
    """
    wanted = {w.name: w for w in policy.mix}
    if policy.guard_rails is not None:
        wanted.setdefault(policy.guard_rails.measure, Weight(measure=policy.guard_rails.measure))
    issues: list[Issue] = []
    factors = _ramps(tree, policy.ramp, issues)
    found = {}
    for name, weight in wanted.items():
        values = leaf_values(tree, weight, issues)
        found[name] = summed(tree, [v * f for v, f in zip(values, factors, strict=True)])
    return found, issues


def leaf_values(tree: Tree, weight: Weight, issues: list[Issue]) -> list[Fraction]:
    """A measure by node, 0 where it has children."""
    if weight.expr:
        values = _by_rule(tree, weight.expr)
    elif weight.measure == EQUAL and EQUAL not in tree.table.columns:
        values = [Decimal(1)] * len(tree.ids)
    else:
        _known(tree, weight.measure)
        column, wrong = tree.table.numbers(weight.measure)
        issues += wrong
        values = [column[r] for r in tree.row]
    found: list[Fraction] = []
    for n, value in enumerate(values):
        if value is not None and value < 0 and not tree.count[n]:
            message = f"'{tree.ids[n]}' has {value} of {weight.name}; a negative measure counts as 0."
            hint = "Correct it, or use another measure."
            issues.append(Issue("quota_measure_negative", Level.error, message, tree.table.at(tree.row[n]), hint))
        found.append(Fraction(max(value or Decimal(0), Decimal(0))) if not tree.count[n] else Fraction(0))
    return found


def _known(tree: Tree, measure: str) -> None:
    if measure in tree.table.columns:
        return
    names = [c for c in tree.table.columns if c not in (NODE, PARENT)]
    near = closest(measure, names)
    hint = f"Did you mean '{near}'?" if near else f"It has {', '.join(names) or 'none'}."
    raise Invalid(f"{tree.table.where}:1: The hierarchy has no measure column '{measure}'.", hint=hint)


def _by_rule(tree: Tree, text: str) -> list[Decimal | None]:
    rule = parse(text, where="weights")
    for name in sorted(rule.fields):
        _known(tree, name)
    columns = {name: tree.values(name) for name in sorted(rule.fields)}
    found: list[Decimal | None] = []
    for n in range(len(tree.ids)):
        value = rule.evaluate({c: v[n] for c, v in columns.items()}) if not tree.count[n] else None
        found.append(value if isinstance(value, Decimal) else None)
    return found


def summed(tree: Tree, values: Sequence[Fraction]) -> list[int]:
    """Leaf sums of every node, in whole numbers."""
    common = lcm(*{v.denominator for v in values}) if values else 1
    found = [int(v * common) for v in values]
    for n in range(len(found) - 1, -1, -1):
        if tree.parent[n] >= 0:
            found[tree.parent[n]] += found[n]
    return found


def _ramps(tree: Tree, ramp: Ramp | None, issues: list[Issue]) -> list[Fraction]:
    if ramp is None:
        return [Fraction(1)] * len(tree.ids)
    _known(tree, ramp.started)
    texts = tree.table.texts(ramp.started)
    found: list[Fraction] = []
    for n in range(len(tree.ids)):
        text = texts[tree.row[n]]
        try:
            started = date.fromisoformat(text[:10]) if text else None
        except ValueError:
            message = f"'{text}' in the column {ramp.started} is not a date; '{tree.ids[n]}' counts as ramped."
            where, hint = tree.table.at(tree.row[n]), "Write it as YYYY-MM-DD."
            issues.append(Issue("quota_not_a_date", Level.error, message, where, hint))
            started = None
        found.append(ramped(started, ramp))
    return found
