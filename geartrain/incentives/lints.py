"""What is wrong or doubtful in a plan before it pays anybody: one function a look, each with its place in the text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise

from geartrain.incentives.exact import plain, rounded
from geartrain.incentives.plan import Component, CompPlan
from geartrain.incentives.rules import Table, TierRule, tier_rules
from geartrain.incentives.tables import money_table
from geartrain.kernel.errors import GeartrainError
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Policy, read_document

ZERO = Fraction(0)
NEAR = Fraction(1, 10**12)  # of a bound: as near to it as no rate table pays attention to
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Doubt:
    """A finding and its path in the document."""

    code: str
    level: Level
    message: str
    path: Path
    hint: str = ""


Look = Callable[[CompPlan], Iterator[Doubt]]


def lint_plan(policy: Policy) -> Iterable[Issue]:
    """Every finding of one plan, errors first in the order of the text, then the plan's own tests."""
    comp_plan: CompPlan = policy.envelope
    found = [d for look in LOOKS for d in look(comp_plan)]
    if not any(d.level is Level.error for d in found):
        found += tests_fail(comp_plan)
    return located(policy, found)


def located(policy: Policy, doubts: Sequence[Doubt]) -> list[Issue]:
    """Findings as issues, each with its file and line."""
    document, _ = read_document(policy.body, policy.where) if doubts else (None, [])
    order = sorted(doubts, key=lambda d: (d.level is not Level.error, d.level is not Level.warning))
    lines = {d.path: document.line(d.path) if document else 1 for d in doubts}
    return [Issue(d.code, d.level, d.message, f"{policy.where}:{lines[d.path]}", d.hint) for d in order]


def _paid(comp_plan: CompPlan) -> Iterator[tuple[int, Component, TierRule]]:
    """The components that tiers pay."""
    for n, c in enumerate(comp_plan.components):
        if c.tiers is not None:
            yield n, c, tier_rules()[c.tiers.kind]


def _shares(c: Component) -> bool:
    return c.tiers is not None and c.tiers.basis == "quota_share"


def _par_table(comp_plan: CompPlan, c: Component) -> tuple[Table, Fraction, Fraction] | None:
    """The table in money at a year's target and a quota, the quota and the target; None where money is not known.

    The quota is that of the plan's tests. Where there is none and every rate is a multiple, the pay at a share of quota
    is the same under any, so the target itself will do.
    """
    target = comp_plan.annual_target * Fraction(c.weight)
    given = next(
        (t.given.get("quota") for t in comp_plan.tests if isinstance(t.given.get("quota"), int | float | Decimal)), None
    )
    quota = Fraction(str(given)) if given else None
    if quota is None and _shares(c) and all(t.rate.multiple for t in c.rates):
        quota = target or Fraction(1)
    if quota is None and (_shares(c) or any(t.rate.multiple for t in c.rates)):
        return None
    worth = target or Fraction(1)
    return money_table(c, target=worth, quota=quota), quota or ZERO, worth


def tier_order(comp_plan: CompPlan) -> Iterator[Doubt]:
    """Tiers without gap or overlap, from 0 upwards."""
    for n, c, rule in _paid(comp_plan):
        path = ("components", n, "rates")
        if c.rates and c.rates[0].low > 0 and rule.name != "step_amount":
            said = f"{c.key}: nothing is paid below {c.rates[0].low:f}, where the first tier begins."
            yield Doubt(
                "plan_tier_start", Level.warning, said, (*path, 0), "Say it with a tier of rate 0, or a threshold."
            )
        if c.rates and c.rates[0].low < 0:
            yield Doubt(
                "plan_tier_start", Level.error, f"{c.key}: the first tier begins below 0.", (*path, 0), "Begin at 0."
            )
        for i, t in enumerate(c.rates):
            if t.high is not None and t.high <= t.low:
                said = f"{c.key}: a tier from {t.low:f} to {t.high:f} holds nothing."
                yield Doubt("plan_tier_empty", Level.error, said, (*path, i), "Write [from, to, rate], to above from.")
        for i, (a, b) in enumerate(zip(c.rates, c.rates[1:], strict=False), 1):
            if a.high is None or a.high > b.low:
                end = "without end" if a.high is None else f"up to {a.high:f}"
                said = f"{c.key}: tiers overlap: one goes {end}, the next begins at {b.low:f}."
                yield Doubt(
                    "plan_tier_overlap", Level.error, said, (*path, i), "Begin each tier where the one before ends."
                )
            elif a.high < b.low:
                said = f"{c.key}: there is a gap: nothing is said between {a.high:f} and {b.low:f}."
                yield Doubt(
                    "plan_tier_gap", Level.error, said, (*path, i), "Begin each tier where the one before ends."
                )
        if c.rates and c.rates[-1].high is not None:
            said = f"{c.key}: what lies above {c.rates[-1].high:f} is paid nothing, the last tier ends there."
            hint = "Write null for `to` of the last tier if it goes on."
            yield Doubt("plan_tier_end", Level.warning, said, (*path, len(c.rates) - 1), hint)


def weights(comp_plan: CompPlan) -> Iterator[Doubt]:
    """Weights that sum to 1."""
    total = sum(c.weight for c in comp_plan.components)
    if total != 1:
        said = f"The weights of the components sum to {total:f}, not 1."
        yield Doubt("plan_weights", Level.error, said, ("components",), "Write weights that sum to 1.")


def par(comp_plan: CompPlan) -> Iterator[Doubt]:
    """At 100 % of quota the target incentive × weight is paid."""
    for n, c in enumerate(comp_plan.components):
        if c.non_par or not (found := _at_quota(comp_plan, c)):
            continue
        pays, target = found
        if pays != target:
            part = f"{plain(pays / target, 4):f} times" if target else "not"
            money = (
                f" ({rounded(pays):f} of {rounded(target):f} {comp_plan.currency})" if comp_plan.annual_target else ""
            )
            said = f"{c.key}: at 100 % of quota it pays {part} its target{money}."
            hint = "Correct the rates, or say `non_par: true` if it is meant."
            yield Doubt("plan_not_par", Level.error, said, ("components", n, "rates" if c.rates else "curve"), hint)


def _at_quota(comp_plan: CompPlan, c: Component) -> tuple[Fraction, Fraction] | None:
    """What 100 % pays and should pay; None where it cannot be told, or the size of each deal decides."""
    from geartrain.incentives.rules.interpolated import interpolate

    target = comp_plan.annual_target * Fraction(c.weight) or Fraction(1)
    if c.tiers is None and c.curve is not None:
        points = [(Fraction(x), Fraction(y)) for x, y in c.curve.points]
        below = None if c.curve.below == "hold" else Fraction(c.curve.below)
        return interpolate(points, Fraction(1), below=below, extend=c.curve.above == "extend")[1] * target, target
    rule = tier_rules()[c.tiers.kind] if c.tiers else None
    if rule is None or rule.name == "flat_per_deal" or not _shares(c) or c.quota is None:
        return None
    held = _par_table(comp_plan, c)
    if held is None or (not comp_plan.annual_target and not all(t.rate.multiple for t in c.rates)):
        return None
    table, quota, target = held
    return rule.pay_at(table, quota), target


def boundaries(comp_plan: CompPlan) -> Iterator[Doubt]:
    """Tiers that jump say on which side their bounds lie."""
    for n, c, rule in _paid(comp_plan):
        if rule.needs_boundary and c.tiers is not None and c.tiers.boundary is None:
            said = f"{c.key}: {rule.name} tiers do not say which tier a bound belongs to."
            hint = "Write boundary: lower_inclusive (from belongs to the tier) or upper_inclusive (to does)."
            yield Doubt("plan_boundary_missing", Level.error, said, ("components", n, "tiers"), hint)


def jumps(comp_plan: CompPlan) -> Iterator[Doubt]:
    """Pay that falls while sales rise, and cliffs with their size in money."""
    for n, c, rule in _paid(comp_plan):
        held = _par_table(comp_plan, c)
        if held is None or any(a.high != b.low for a, b in zip(c.rates, c.rates[1:], strict=False)):
            continue
        table, quota, _ = held
        path = ("components", n, "rates" if c.rates else "curve")
        unit = quota if _shares(c) else Fraction(1)
        steps = [_around(rule, table, b) for b in table.bounds if b > 0]
        falls = [b for b, before, at, after in steps if at < before or after < at]
        falls += [b for b, p in _turning(rule, table) if p < 0]
        if falls and not c.may_fall:
            said = f"{c.key}: pay falls as sales rise, at {_place(falls[0], unit, c)}."
            yield Doubt("plan_pay_falls", Level.error, said, path, "Correct the rates, or say `may_fall: true`.")
        for b, before, _, after in steps:
            size = after - before - (after - before if rule.name == "marginal" and table.start != b else ZERO)
            if size > NEAR * max(Fraction(1), abs(after)) * 10**6:
                money = (
                    f"{rounded(size):f} {comp_plan.currency}"
                    if comp_plan.annual_target or not _shares(c)
                    else "some pay"
                )
                said = f"{c.key}: a cliff at {_place(b, unit, c)}: one unit more pays {money} more at once."
                hint = "Marginal tiers have none; deals will be held back and pulled forward around it."
                yield Doubt("plan_cliff", Level.warning, said, path, hint)


def _around(rule: TierRule, table: Table, b: Fraction) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    """A bound, and the pay just before, at and just after it."""
    return b, rule.pay_at(table, b * (1 - NEAR)), rule.pay_at(table, b), rule.pay_at(table, b * (1 + NEAR))


def _turning(rule: TierRule, table: Table) -> Iterator[tuple[Fraction, Fraction]]:
    """Within each stretch, how much pay rises."""
    ends: list[Fraction] = [ZERO, *(b for b in table.bounds if b > 0)]
    ends.append(2 * max(ends) + 1)
    for low, high in pairwise(ends):
        inner = [low + (high - low) * k / 4 for k in (1, 3)]
        yield low, rule.pay_at(table, inner[1]) - rule.pay_at(table, inner[0])


def _place(bound: Fraction, unit: Fraction, c: Component) -> str:
    if _shares(c):
        return f"{plain(bound / unit * 100, 4):f} % of quota" if unit else "a share of quota"
    return f"{plain(bound):f}"


def quotas(comp_plan: CompPlan) -> Iterator[Doubt]:
    """A quota where shares of it decide, and a target where multiples of it are paid."""
    for n, c, _ in _paid(comp_plan):
        path = ("components", n)
        multiples = any(t.rate.multiple for t in c.rates)
        if c.quota is None and _shares(c):
            said = f"{c.key}: its tiers are shares of quota, and it has no quota."
            hint = "Add `quota: {measure: …}`, or write `basis: amount`."
            yield Doubt("plan_quota_missing", Level.error, said, (*path, "tiers"), hint)
        elif c.quota is None and multiples:
            said = f"{c.key}: a rate in x is target incentive × weight / quota, and it has no quota."
            yield Doubt("plan_quota_missing", Level.error, said, (*path, "rates"), "Add `quota: {measure: …}`.")
    relative = [n for n, c in enumerate(comp_plan.components) if c.curve or any(t.rate.multiple for t in c.rates)]
    if relative and comp_plan.target_incentive is None:
        said = (
            "Pay is relative to the target incentive, and the plan states none: that of each person's record is taken."
        )
        hint = "Write target_incentive: {annual: …} if it is the plan's."
        yield Doubt("plan_target_missing", Level.warning, said, ("components", relative[0]), hint)


def habits(comp_plan: CompPlan) -> Iterator[Doubt]:
    """What people cannot keep in mind, or nobody meant."""
    if len(comp_plan.components) > 3:
        said = f"There are {len(comp_plan.components)} components; people act on three at most."
        yield Doubt("plan_many_components", Level.warning, said, ("components",), "Drop or merge the smallest.")
    for n, c in enumerate(comp_plan.components):
        if c.weight < Decimal("0.1"):
            said = f"{c.key}: a weight of {c.weight:f} is too small to be noticed."
            yield Doubt("plan_weight_small", Level.warning, said, ("components", n), "Give it 0.1 or drop it.")
        capped = c.caps.per_deal is not None or c.caps.per_period is not None
        if c.tiers and c.tiers.kind == "retroactive" and not capped and c.rates and c.rates[-1].high is None:
            said = f"{c.key}: a retroactive tier without a cap re-prices everything, however large."
            yield Doubt("plan_retroactive_uncapped", Level.warning, said, ("components", n), "Write `caps:`.")


def tests_fail(comp_plan: CompPlan) -> Iterator[Doubt]:
    """The plan's own examples, priced."""
    from geartrain.incentives.quoting import quote
    from geartrain.kernel.periods import FiscalCalendar

    for n, test in enumerate(comp_plan.tests):
        path = ("tests", n)
        try:
            found = quote(comp_plan, test.given, FiscalCalendar()).components
        except GeartrainError as error:
            yield Doubt("plan_test_invalid", Level.error, f"Test {n + 1}: {error.message}", path, error.hint)
            continue
        for key, wanted in test.expect.items():
            if key not in found:
                said = f"Test {n + 1} expects something of '{key}', which is neither a component nor a SPIF."
                yield Doubt("plan_test_invalid", Level.error, said, path, f"There are {', '.join(found)}.")
            elif found[key] != wanted:
                got = "nothing that can be worked out" if found[key] is None else f"{found[key]:f}"
                said = f"Test {n + 1}: {key} pays {got}, and {wanted:f} is expected."
                yield Doubt("plan_test_failed", Level.error, said, path, "Correct the plan, or what is expected.")


def overlaps(plans: Sequence[tuple[str, CompPlan]]) -> Iterator[tuple[str, str]]:
    """Pairs of plans that one person can be eligible for on one day, as far as the texts alone tell."""
    for (a, one), (b, other) in combinations(plans, 2):
        if one.effective[0] >= other.effective[1] or other.effective[0] >= one.effective[1]:
            continue
        if isinstance(one.eligible, dict) and isinstance(other.eligible, dict):
            shared = one.eligible.keys() & other.eligible.keys()
            if shared and all(set(one.eligible[k]) & set(other.eligible[k]) for k in shared):
                yield a, b
        elif one.eligible == other.eligible:
            yield a, b


LOOKS: tuple[Look, ...] = (tier_order, weights, par, boundaries, jumps, quotas, habits)
