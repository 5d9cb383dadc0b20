"""Whether an attribute is worth asking for: how often deals were won that had it at the exit, and that had it not."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from geartrain.process import exits
from geartrain.process.conformance import Log

Z = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class Side:
    """Closed deals of one side.

    Args:
        rate: Share that was won; None without a deal.
        low, high: Wilson's 95 % interval.
    """

    deals: int
    won: int
    rate: float | None
    low: float | None
    high: float | None

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {"deals": self.deals, "won": self.won, "win_rate": self.rate, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Usefulness:
    """One attribute of one stage; nothing is changed by it. `tells` says that the two intervals do not meet."""

    stage: str
    attribute: str
    label: str
    having: Side
    lacking: Side

    @property
    def tells(self) -> bool:
        """Whether the two sides differ beyond chance, as their intervals have it."""
        a, b = self.having, self.lacking
        if a.low is None or a.high is None or b.low is None or b.high is None:
            return False
        return a.low > b.high or b.low > a.high

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        sides = {"with": self.having.as_json(), "without": self.lacking.as_json()}
        return {"stage": self.stage, "attribute": self.attribute, "label": self.label, **sides, "tells": self.tells}


def wilson(won: int, deals: int) -> tuple[float, float] | tuple[None, None]:
    """Wilson's score interval of a share at 95 %; None without a deal.

    Example: 8 of 10: 0.4902 to 0.9433.
    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927).
    """
    if not deals:
        return None, None
    p, z2 = won / deals, Z * Z
    middle = p + z2 / (2 * deals)
    half = Z * sqrt(p * (1 - p) / deals + z2 / (4 * deals * deals))
    return (middle - half) / (1 + z2 / deals), (middle + half) / (1 + z2 / deals)


def usefulness(log: Log) -> list[Usefulness]:
    """Every required attribute by stage: the last exit of each closed deal out of the stage decides its side.

    Deals of which the attribute was waived or cannot be told are on the side of those that had it not.
    """
    process, source = log.process, log.source
    if not exits.required_bindings(process):
        return []
    rows = log.judged
    closed = log.deals.filter(log.deals.is_closed).select(deal="opportunity_id", won="is_won")
    both = rows.inner_join(closed, rows.opportunity_id == closed.deal)
    missing = both.unmet.concat(both.unknown, both.waived)
    last = (
        both.mutate(missing=missing)
        .group_by("opportunity_id", "from_stage", "type", "won")
        .aggregate(missing=lambda t: t.missing.argmax(t["at"]))
    )
    counted = source.execute(
        last.group_by("from_stage", "type", "won", "missing").aggregate(n=last.count())
    ).to_pylist()
    found = []
    for b in exits.required_bindings(process):
        of = [r for r in counted if r["from_stage"] == b.stage and b.of(r["type"])]
        sides = [[r for r in of if (b.attribute in r["missing"].split(",")) is lacks] for lacks in (False, True)]
        having, lacking = (_side(side) for side in sides)
        found.append(Usefulness(b.stage, b.attribute, process.attribute(b.attribute).label, having, lacking))
    return found


def _side(rows: list[dict[str, Any]]) -> Side:
    deals, won = sum(r["n"] for r in rows), sum(r["n"] for r in rows if r["won"])
    low, high = wilson(won, deals)
    return Side(deals, won, won / deals if deals else None, low, high)
