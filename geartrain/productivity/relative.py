"""Productivity relative to peers of like capacity, and the exact reasons why it differs.

For enablement and the fairness of territories; it feeds no pay and no dismissal. RP, the cohort and the decomposition
are our own definitions: no public one was found.
Source: the process specification, 2.3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp, log
from statistics import median

LEAST_PEERS = 5
LEAST_CAPACITY = 0.1
PARTS = ("volume", "win_rate", "average_deal")


@dataclass(frozen=True, slots=True)
class Seller:
    """One person in one period.

    Args:
        fte: 1 for full time.
        active_share: Days there / days of the period, 0 to 1.
        ramp: Share of a ramped seller's capacity that is expected at this tenure, 0 to 1.
        output: Credited bookings, one currency.
        closed: Deals won or lost in the period, split credit as a share.
        won: Of these won.
    """

    user_id: str
    role: str
    segment: str
    fte: Decimal
    active_share: Decimal
    ramp: Decimal
    output: Decimal
    closed: Decimal
    won: Decimal

    @property
    def capacity(self) -> Decimal:
        """FTE x active-day share x ramp."""
        return self.fte * self.active_share * self.ramp

    @property
    def is_ramped(self) -> bool:
        """Whether they count for the benchmark."""
        return self.ramp >= 1


@dataclass(frozen=True, slots=True)
class Part:
    """One reason: its own value per capacity, that of the cohort, and the natural logarithm of their ratio."""

    name: str
    own: float
    cohort: float
    log_ratio: float


@dataclass(frozen=True, slots=True)
class Relative:
    """One person beside their peers.

    Args:
        rp: 100 is the median ramped peer; None with the reason in `note`.
        cohort: What they were compared with: `role x segment`, or `role` where there were too few, or `all`.
        peers: Ramped people in it.
        fallback: The cohort is not the narrowest one.
        parts: Volume, win rate and average deal against the pooled cohort, and the residual from there to the median;
            their logarithms add up to that of RP / 100 exactly. Empty where one of them has none.
    """

    seller: Seller
    capacity: Decimal
    productivity: Decimal | None
    rp: float | None
    cohort: str
    peers: int
    fallback: bool
    parts: tuple[Part, ...] = ()
    note: str = ""


def relative_productivity(sellers: Iterable[Seller]) -> list[Relative]:
    """Everyone of a period beside their peers, by id.

    Example: productivities of ramped peers 80, 90, 100, 110, 120: whoever has 110 has RP 110.
    """
    everyone = sorted(sellers, key=lambda s: s.user_id)
    cohorts: dict[tuple[str, ...], list[Seller]] = defaultdict(list)
    for s in everyone:
        if s.is_ramped and s.capacity >= Decimal(str(LEAST_CAPACITY)):
            for key in ((s.role, s.segment), (s.role,), ()):
                cohorts[key].append(s)
    return [_relative(s, cohorts) for s in everyone]


def _relative(s: Seller, cohorts: dict[tuple[str, ...], list[Seller]]) -> Relative:
    keys = [(s.role, s.segment), (s.role,), ()]
    key = next((k for k in keys if len(cohorts[k]) >= LEAST_PEERS), ())
    peers, name = cohorts[key], " x ".join(key) or "all"
    fallback = key != keys[0]
    if s.capacity < Decimal(str(LEAST_CAPACITY)):
        note = f"Capacity {s.capacity:.2f} is too small to be compared."
        return Relative(s, s.capacity, None, None, name, len(peers), fallback, note=note)
    own = s.output / s.capacity
    benchmark = median([p.output / p.capacity for p in peers]) if peers else Decimal(0)
    if len(peers) < LEAST_PEERS or benchmark <= 0:
        why = "sold anything" if peers and benchmark <= 0 else "is there"
        note = f"No cohort of {LEAST_PEERS} ramped peers {why}."
        return Relative(s, s.capacity, own, None, name, len(peers), fallback, note=note)
    rp = 100 * float(own / benchmark)
    return Relative(s, s.capacity, own, rp, name, len(peers), fallback, tuple(decomposed(s, peers, float(benchmark))))


def decomposed(s: Seller, peers: Sequence[Seller], benchmark: float) -> list[Part]:
    """The reasons: p = volume x win rate x average won deal, against the pooled cohort, and the residual to the median.

    ln(RP / 100) is the sum of the four logarithms. None of them where the person won nothing: there is no logarithm.
    """
    own = _factors(s.capacity, s.closed, s.won, s.output)
    pooled = _factors(
        *(sum((getattr(p, n) for p in peers), Decimal(0)) for n in ("capacity", "closed", "won", "output"))
    )
    if own is None or pooled is None:
        return []
    parts = [Part(n, a, b, log(a / b)) for n, a, b in zip(PARTS, own, pooled, strict=True)]
    whole = pooled[0] * pooled[1] * pooled[2]
    return [*parts, Part("residual", whole, benchmark, log(whole / benchmark))]


def _factors(capacity: Decimal, closed: Decimal, won: Decimal, output: Decimal) -> tuple[float, float, float] | None:
    if min(capacity, closed, won, output) <= 0:
        return None
    return float(closed / capacity), float(won / closed), float(output / won)


def recomposed(parts: Iterable[Part]) -> float:
    """RP from its parts."""
    return 100 * exp(sum(p.log_ratio for p in parts))
