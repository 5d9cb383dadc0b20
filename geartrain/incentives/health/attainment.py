"""Who reaches what: carriers at quota, below threshold, above excellence; whether pay follows performance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import sqrt

from geartrain.incentives.health.cost import by_role
from geartrain.incentives.health.values import Band, Measure, Person, quantile, ranked, ratio, total

AT_QUOTA = Band(Fraction(6, 10), Fraction(7, 10), "healthy in the field: 60 to 70 % of carriers")
GAP = Band(Fraction(-1, 10), Fraction(1, 10), "our rule: within ten points")
CARRIERS = "credited / quota of the window that the period ends in, of the component that weighs most"
ONE = Fraction(1)
FEWEST = 4  # people of a role, for a correlation to say anything


def measures(people: Sequence[Person]) -> Iterator[Measure]:
    """Shares of carriers, correlation by role, spread of pay, company against carriers, over-assignment."""
    carriers = [p for p in people if p.attainment is not None]
    reached = {p.payee: p.attainment for p in carriers}
    at = [p for p in carriers if (p.attainment or 0) >= 1]
    none = "" if carriers else "Nobody carries a quota."
    share_at = _share(at, carriers)
    yield Measure("at_quota", "Carriers at or above quota", share_at, "ratio", CARRIERS, AT_QUOTA,
                  ranked({k: v for k, v in reached.items() if v is not None and v < 1}, up=True), none,
                  f"{len(at)} of {len(carriers)} carriers; below quota, the furthest first.")  # fmt: skip
    yield _beyond("below_threshold", "Carriers below their threshold", carriers, "threshold")
    yield _beyond("above_excellence", "Carriers above excellence", carriers, "excellence")
    yield _follows(people)
    yield _spread(people)
    company = ratio(total(p.attained for p in carriers), total(p.quota for p in carriers))
    yield Measure("company_attainment", "Company attainment", company, "ratio", "ΣX / ΣQ over carriers", why=none)
    gap = None if company is None or share_at is None else company - share_at
    yield Measure("attainment_gap", "Company attainment less share of carriers at quota", gap, "ratio",
                  "company_attainment − at_quota", GAP, ranked(reached), none,
                  "A wide gap means that quota is allocated wrongly, not that effort lacks.")  # fmt: skip


def over_assignment(quotas: Mapping[str, Fraction], managers: Mapping[str, str]) -> Measure:
    """Σ of the quotas of direct reports over their managers' own; only managers who carry one count.

    Args:
        quotas: A person's quota of the year. managers: Person to manager.
    """
    below: dict[str, Fraction] = defaultdict(Fraction)
    for who, amount in quotas.items():
        if managers.get(who) in quotas:
            below[managers[who]] += amount
    held = {m: ratio(v, quotas[m]) for m, v in below.items()}
    value = ratio(total(below.values()), total(quotas[m] for m in below))
    why = "" if value is not None else "No manager carries a quota above those of their people."
    return Measure("over_assignment", "Quota assigned over quota carried above", value, "ratio",
                   "quota facts of reports / of their manager", behind=ranked(held), why=why)  # fmt: skip


def _share(some: Sequence[Person], of: Sequence[Person]) -> Fraction | None:
    return ratio(Fraction(len(some)), Fraction(len(of)))


def _beyond(key: str, name: str, carriers: Sequence[Person], mark: str) -> Measure:
    """The share of carriers on the far side of a mark, of those whose plan has one."""
    marked = [p for p in carriers if getattr(p, mark) is not None]
    below = mark == "threshold"
    found = [p for p in marked if ((p.attainment or 0) < getattr(p, mark)) == below]
    if not below:
        found = [p for p in marked if (p.attainment or 0) > getattr(p, mark)]
    return Measure(key, name, _share(found, marked), "ratio", f"{CARRIERS}; {mark} of the plan",
                   behind=ranked({p.payee: p.attainment for p in found}, up=below),
                   why="" if marked else f"No plan states where {mark} lies.",
                   note=f"{len(found)} of {len(marked)} carriers whose plan has one.")  # fmt: skip


def _follows(people: Sequence[Person]) -> Measure:
    """Spearman's rank correlation of attainment and incentive over target; within a role, and over all."""
    known = [p for p in people if p.attainment is not None and p.payout is not None]
    by = by_role(known, lambda some: correlation(some) if len(some) >= FEWEST else None)
    value = correlation(known) if len(known) >= FEWEST else None
    return Measure(
        "pay_follows_performance",
        "Rank correlation of attainment and incentive over target",
        value,
        "correlation",
        "Spearman's, by role",
        Band(Fraction(8, 10), None, "our rule: 0.8 and above"),
        ranked(by, up=True),
        "" if value is not None else f"Fewer than {FEWEST} carriers with a target, or all alike.",
    )


def correlation(people: Sequence[Person]) -> Fraction | None:
    """Spearman of attainment and payout: Pearson of the mean ranks; None where one of the two never varies."""
    return spearman([(p.attainment or Fraction(0), p.payout or Fraction(0)) for p in people])


def spearman(pairs: Sequence[tuple[Fraction, Fraction]]) -> Fraction | None:
    """Example: (1, 1), (2, 3), (3, 2): 0.5."""
    a, b = (_ranks([p[n] for p in pairs]) for n in (0, 1))
    middle = Fraction(len(pairs) + 1, 2)
    both = sum(((x - middle) * (y - middle) for x, y in zip(a, b, strict=True)), Fraction(0))
    spread = [sum(((x - middle) ** 2 for x in side), Fraction(0)) for side in (a, b)]
    if not all(spread):
        return None
    return Fraction(round(float(both) / sqrt(float(spread[0] * spread[1])), 6)).limit_denominator(10**6)


def _ranks(values: Sequence[Fraction]) -> list[Fraction]:
    """Ranks from 1, those who are equal share the mean of theirs."""
    ordered = sorted(values)
    first = {v: n for n, v in reversed(list(enumerate(ordered, 1)))}
    last = {v: n for n, v in enumerate(ordered, 1)}
    return [Fraction(first[v] + last[v], 2) for v in values]


def _spread(people: Sequence[Person]) -> Measure:
    """The mean incentive of the top tenth over the median."""
    paid = {p.payee: Fraction(p.earned) for p in people}
    ordered = sorted(paid.values(), reverse=True)
    top = ordered[: -(-len(ordered) // 10)]
    mean = ratio(total(top), Fraction(len(top)))
    value = ratio(mean, quantile(ordered, Fraction(1, 2)))
    return Measure("top_decile_over_median", "Top tenth's incentive over the median", value, "times",
                   "earned of the period", behind=ranked(paid, most=max(len(top), 3)),
                   why="" if value is not None else "The median incentive is nothing.")  # fmt: skip
