"""How well pay is run: right the first time, disputes, days to a statement, adjustments by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from geartrain.incentives.health.values import Band, Measure, quantile, ranked, ratio, total

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Correction:
    """What was paid otherwise afterwards; `by_hand`: somebody asked for it, rather than a replay."""

    payee: str
    amount: Decimal
    by_hand: bool = False
    error: bool = True


@dataclass(frozen=True)
class Disputed:
    """A dispute over the period; verdict accepted, rejected or none yet."""

    id: int
    payee: str
    opened: datetime
    decided: datetime | None = None
    verdict: str = ""
    root_cause: str = ""


@dataclass(frozen=True)
class Conduct:
    """What happened around the statements of a period.

    Args:
        statements: How many there are.
        locked: Pay period to its last day plus one and the day it was locked.
    """

    statements: int
    payout: Decimal
    corrections: Sequence[Correction]
    disputes: Sequence[Disputed]
    locked: Mapping[str, tuple[date, date]]
    components: Mapping[str, int]


def measures(found: Conduct) -> Iterator[Measure]:
    """Measures per plan, accuracy, disputes, days to statement, manual adjustments."""
    most = max(found.components.values(), default=0)
    yield Measure("measures_per_plan", "Most components in a plan", Fraction(most) if most else None, "count",
                  "components of the plans in force", Band(None, Fraction(3), "plan check: at most 3"),
                  ranked({k: Fraction(v) for k, v in found.components.items()}))  # fmt: skip
    yield _accuracy(found)
    yield from _disputes(found)
    days = {k: Fraction((at - end).days) for k, (end, at) in found.locked.items()}
    yield Measure("days_to_statement", "Days from period end to locked statements", quantile(list(days.values()), HALF),
                  "days", "pay.locked events of the trail; median", behind=ranked(days),
                  why="" if days else "No pay period within it is locked.")  # fmt: skip
    yield from _by_hand(found)


def _accuracy(found: Conduct) -> Measure:
    wrong = [c for c in found.corrections if c.error]
    off = total(abs(c.amount) for c in wrong)
    share = ratio(off, Fraction(found.payout))
    return Measure("accuracy", "Accuracy: 1 − corrections / payout", None if share is None else 1 - share, "ratio",
                   "adjustments whose origin lies in the period / earned",
                   Band(Fraction(98, 100), None, "our rule: 98 % and above"),
                   ranked(_sums((c.payee, abs(c.amount)) for c in wrong)),
                   "" if share is not None else "Nothing was paid.")  # fmt: skip


def _disputes(found: Conduct) -> Iterator[Measure]:
    decided = [d for d in found.disputes if d.verdict]
    upheld = [d for d in decided if d.verdict == "accepted"]
    causes = _sums((d.root_cause or "not said", Decimal(1)) for d in upheld)
    count = Fraction(len(found.disputes))
    yield Measure("dispute_rate", "Disputes per statement", ratio(count, Fraction(found.statements)), "ratio",
                  "disputes of statements of the period",
                  behind=ranked(_sums((d.payee, Decimal(1)) for d in found.disputes)),
                  why="" if found.statements else "There is no statement.")  # fmt: skip
    yield Measure("upheld_share", "Share of disputes upheld", ratio(Fraction(len(upheld)), Fraction(len(decided))),
                  "ratio", "accepted / (accepted + rejected), by root cause", behind=ranked(causes),
                  why="" if decided else "No dispute has been decided.")  # fmt: skip
    hours = {str(d.id): Fraction(int((d.decided - d.opened).total_seconds()), 3600) for d in decided if d.decided}
    yield Measure("hours_to_close", "Hours from dispute to answer", quantile(list(hours.values()), HALF), "hours",
                  "opened to accepted or rejected; median", behind=ranked(hours),
                  why="" if hours else "No dispute has been decided.")  # fmt: skip


def _by_hand(found: Conduct) -> Iterator[Measure]:
    manual = [c for c in found.corrections if c.by_hand]
    sums = _sums((c.payee, abs(c.amount)) for c in manual)
    yield Measure(
        "manual_adjustments",
        "Adjustments by hand",
        Fraction(len(manual)),
        "count",
        "adjustments approved for the period",
        behind=ranked(_sums((c.payee, Decimal(1)) for c in manual)),
    )
    yield Measure("manual_adjustments_value", "Adjustments by hand, in money", total(sums.values()), "money",
                  "Σ|amount| of adjustments approved for the period", behind=ranked(sums))  # fmt: skip


def _sums(pairs: object) -> dict[str, Fraction | None]:
    found: dict[str, Fraction | None] = {}
    for who, amount in pairs:  # type: ignore[attr-defined]
        found[who] = (found.get(who) or Fraction(0)) + Fraction(amount)
    return found
