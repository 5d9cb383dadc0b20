"""Whether quotas are fair: against pay, potential and the past, by role, with everyone who is an outlier named."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt
from statistics import median
from typing import Any

from geartrain.planning.quotas.policy import Fair
from geartrain.planning.quotas.risk import chance_of
from geartrain.planning.quotas.sheet import Sheet

FOURTH = Decimal("0.0001")
LEAST_OWN = 4  # attainments of one's own that count before those of the role do
LEAST_PEERS = 3  # of a role, for a median to be held against
UNLIKELY = Decimal("0.25")
RATIOS = (Decimal("1"), Decimal("1.1"), Decimal("1.2"), Decimal("1.25"), Decimal("1.3"))


@dataclass(frozen=True)
class Seller:
    """Somebody with a quota, and what it is held against; None where it is not known.

    Args:
        quota: Hedged, over all cells. ote: A year's pay at target. attainments: Of earlier periods, 1 is 100 %.
        brought: What they brought in each earlier period over what the quota asks of one now; attainments where empty.
    """

    node: str
    name: str
    role: str
    quota: Decimal
    ote: Decimal | None = None
    potential: Decimal | None = None
    attainments: tuple[float, ...] = ()
    brought: tuple[float, ...] = ()
    ramped: bool = True

    @property
    def attained(self) -> float | None:
        """The mean of earlier periods."""
        return sum(self.attainments) / len(self.attainments) if self.attainments else None

    @property
    def draws(self) -> tuple[float, ...]:
        """What the simulation draws from."""
        return self.brought or self.attainments

    @property
    def to_ote(self) -> Decimal | None:
        """Quota ÷ OTE."""
        return (self.quota / self.ote).quantize(FOURTH, ROUND_HALF_UP) if self.ote else None

    @property
    def to_potential(self) -> Decimal | None:
        """Quota ÷ potential."""
        return (self.quota / self.potential).quantize(FOURTH, ROUND_HALF_UP) if self.potential else None


@dataclass(frozen=True)
class Attain:
    """How sellers are supposed to attain: normal with `mean` and `deviation`, or drawn from history by `seed`.

    `periods` is how many of history's periods the quota is for: a year of quarters is the mean of four draws.
    """

    mean: float | None = None
    deviation: float = 0.0
    seed: int = 1
    runs: int = 2000
    periods: int = 1


@dataclass(frozen=True)
class Fairness:
    """The panel. `chances` is the share of runs in which each seller attains; `met` the chance of the plan."""

    sellers: tuple[Seller, ...]
    bounds: Fair
    levels: tuple[dict[str, Any], ...]
    planned: Decimal
    chances: Mapping[str, Decimal] = field(default_factory=dict)
    met: Decimal | None = None
    by_ratio: tuple[dict[str, Any], ...] = ()
    why: str = ""

    def rows(self) -> Iterator[dict[str, Any]]:
        """One a seller, in the order of the tree."""
        reasons = {o["node_id"]: o["reason"] for o in self.outliers()}
        for s in self.sellers:
            yield {
                "node_id": s.node,
                "name": s.name,
                "role": s.role,
                "ramped": s.ramped,
                "quota": s.quota,
                "ote": s.ote,
                "quota_to_ote": s.to_ote,
                "potential": s.potential,
                "quota_to_potential": s.to_potential,
                "prior_attainment": rounded(s.attained),
                "chance": self.chances.get(s.node),
                "outlier": reasons.get(s.node, ""),
            }

    def roles(self) -> Iterator[dict[str, Any]]:
        """One a role; those who still ramp are counted apart and are in no median."""
        for role in sorted({s.role for s in self.sellers}):
            mine = [s for s in self.sellers if s.role == role]
            held = [s for s in mine if s.ramped]
            multiples = [s.to_ote for s in held if s.to_ote is not None]
            low, high = self.bounds.quota_to_ote
            chances = [self.chances[s.node] for s in mine if s.node in self.chances]
            yield {
                "role": role,
                "sellers": len(mine),
                "ramping": len(mine) - len(held),
                "quota_to_ote": median(multiples) if multiples else None,
                "outside_ote": sum(not low <= m <= high for m in multiples),
                "quota_to_potential": _median(s.to_potential for s in held),
                "dispersion": dispersion([s.to_potential for s in held]),
                "spearman_potential": spearman([(s.quota, s.potential) for s in held]),
                "spearman_attainment": spearman([(s.quota, s.attained) for s in held]),
                "expected_to_attain": rounded(sum(chances) / len(chances)) if chances else None,
            }

    def outliers(self) -> Iterator[dict[str, Any]]:
        """Each seller outside the bounds, with every reason; those furthest out first."""
        middle = {r["role"]: r["quota_to_potential"] for r in self._medians()}
        found = []
        for s in self.sellers:
            reasons = [(abs(by), said) for by, said in self._reasons(s, middle.get(s.role))]
            if reasons:
                row = {"node_id": s.node, "name": s.name, "role": s.role}
                row["reason"] = "; ".join(said for _, said in reasons)
                found.append((-max(by for by, _ in reasons), s.node, row))
        return (row for _, _, row in sorted(found, key=lambda f: f[:2]))

    def _medians(self) -> Iterator[dict[str, Any]]:
        for role in {s.role for s in self.sellers}:
            held = [s.to_potential for s in self.sellers if s.role == role and s.ramped and s.to_potential is not None]
            yield {"role": role, "quota_to_potential": median(held) if len(held) >= LEAST_PEERS else None}

    def _reasons(self, s: Seller, middle: Decimal | None) -> Iterator[tuple[Decimal, str]]:
        low, high = self.bounds.quota_to_ote
        if s.to_ote is not None and not low <= s.to_ote <= high and s.ramped:
            side = "below" if s.to_ote < low else "above"
            edge = low if s.to_ote < low else high
            yield (s.to_ote - edge) / edge, f"quota is {s.to_ote:.1f} times the pay at target, {side} {edge}"
        if middle and s.to_potential is not None and s.ramped:
            off = s.to_potential / middle - 1
            if abs(off) > self.bounds.potential_band:
                side = "more" if off > 0 else "less"
                yield off, f"{abs(off) * 100:.0f} % {side} quota for the potential than the median of the role"
        chance = self.chances.get(s.node)
        if chance is not None and chance < UNLIKELY:
            yield UNLIKELY - chance, f"attains in {chance * 100:.0f} % of the runs"

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        risk: dict[str, Any] = {"planned": self.planned, "street": sum((s.quota for s in self.sellers), Decimal(0))}
        risk |= {"chance_of_plan": self.met, "by_over_assignment": list(self.by_ratio), "reason": self.why}
        shown = {"sellers": list(self.rows()), "roles": list(self.roles()), "outliers": list(self.outliers())}
        return {**shown, "levels": list(self.levels), "risk": risk}


def fairness(sheet: Sheet, sellers: Sequence[Seller], *, bounds: Fair, attain: Attain) -> Fairness:
    """The panel of a sheet.

    Args:
        sellers: Those who carry a quota, as `attain` supposes them to sell.
    Example: 20 × 100 on the street for a plan of 1,818.18, N(0.85, 0.40): the chance of the plan is 0.2544.
    """
    planned = sheet.cells.money(sum(int(sheet.base[t].sum()) for t in sheet.tree.tops))
    levels = tuple(_levels(sheet))
    plain = Fairness(tuple(sellers), bounds, levels, planned)
    if not sellers:
        return plain
    quotas = [float(s.quota) for s in sellers]
    if attain.mean is not None:
        return _by_formula(plain, quotas, attain)
    pools = _pools(sellers)
    if any(not pools[s.node] for s in sellers):
        missing = sum(not pools[s.node] for s in sellers)
        return replace(plain, why=f"{missing} sellers and their roles have no history of attainment.")
    return _by_drawing(plain, quotas, pools, attain)


def _by_formula(panel: Fairness, quotas: Sequence[float], attain: Attain) -> Fairness:
    mean, deviation = attain.mean or 0.0, attain.deviation
    own = rounded(chance_of([1.0], 1.0, mean=mean, deviation=deviation))
    chances = {s.node: own for s in panel.sellers if own is not None}
    met = rounded(chance_of(quotas, float(panel.planned), mean=mean, deviation=deviation))
    street = sum(quotas)
    ratios = tuple(
        {"ratio": r, "chance": rounded(chance_of(quotas, street / float(r), mean=mean, deviation=deviation))}
        for r in RATIOS
    )
    return replace(panel, chances=chances, met=met, by_ratio=ratios)


def _by_drawing(
    panel: Fairness, quotas: Sequence[float], pools: Mapping[str, Sequence[float]], attain: Attain
) -> Fairness:
    rng = random.Random(attain.seed)
    attained, totals = [0] * len(quotas), []
    for _ in range(attain.runs):
        total = 0.0
        for n, (seller, quota) in enumerate(zip(panel.sellers, quotas, strict=True)):
            drawn = sum(rng.choices(pools[seller.node], k=attain.periods)) / attain.periods
            attained[n] += drawn >= 1
            total += drawn * quota
        totals.append(total)
    chances = {
        s.node: (Decimal(n) / attain.runs).quantize(FOURTH) for s, n in zip(panel.sellers, attained, strict=True)
    }

    def met(planned: float) -> Decimal | None:
        return rounded(sum(t >= planned for t in totals) / attain.runs) if planned > 0 else None

    ratios = tuple({"ratio": r, "chance": met(sum(quotas) / float(r))} for r in RATIOS)
    return replace(panel, chances=chances, met=met(float(panel.planned)), by_ratio=ratios)


def _pools(sellers: Sequence[Seller]) -> dict[str, Sequence[float]]:
    """What each seller's attainment is drawn from: their own history where it is long enough, else their role's."""
    by_role: dict[str, list[float]] = {}
    for s in sellers:
        by_role.setdefault(s.role, []).extend(s.draws)
    return {s.node: s.draws if len(s.draws) >= LEAST_OWN else by_role[s.role] for s in sellers}


def _levels(sheet: Sheet) -> Iterator[dict[str, Any]]:
    """Over-assignment by depth of the tree: hedged over base, less 1."""
    for depth in sorted(set(sheet.tree.depth)):
        nodes = [n for n, d in enumerate(sheet.tree.depth) if d == depth]
        base, hedged = (
            sheet.cells.money(sum(int(held[n].sum()) for n in nodes)) for held in (sheet.base, sheet.hedged)
        )
        over = (hedged / base - 1).quantize(FOURTH, ROUND_HALF_UP) if base else None
        yield {"depth": depth, "nodes": len(nodes), "base": base, "hedged": hedged, "over_assignment": over}


def spearman(pairs: Iterable[tuple[Any, Any]]) -> Decimal | None:
    """Rank correlation, ties at their mean rank; None of fewer than three pairs, or where one side does not vary.

    Example: (1, 10), (2, 30), (3, 20) is 0.5.
    """
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if len(known) < LEAST_PEERS:
        return None
    ranks = [_ranks([float(p[n]) for p in known]) for n in (0, 1)]
    means = [sum(r) / len(r) for r in ranks]
    cross = sum((a - means[0]) * (b - means[1]) for a, b in zip(*ranks, strict=True))
    spreads = [sum((v - m) ** 2 for v in r) for r, m in zip(ranks, means, strict=True)]
    return rounded(cross / sqrt(spreads[0] * spreads[1])) if all(spreads) else None


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(values)
    return [order.index(v) + (order.count(v) + 1) / 2 for v in values]


def dispersion(values: Iterable[Decimal | None]) -> Decimal | None:
    """The coefficient of variation (population); None of fewer than two values, or where their mean is 0."""
    known = [float(v) for v in values if v is not None]
    mean = sum(known) / len(known) if known else 0.0
    if len(known) < 2 or not mean:
        return None
    return rounded(sqrt(sum((v - mean) ** 2 for v in known) / len(known)) / mean)


def _median(values: Iterable[Decimal | None]) -> Decimal | None:
    known = [v for v in values if v is not None]
    return median(known) if known else None


def rounded(value: Any) -> Decimal | None:
    """To four places; None of nothing."""
    return None if value is None else Decimal(repr(float(value))).quantize(FOURTH, ROUND_HALF_UP)
