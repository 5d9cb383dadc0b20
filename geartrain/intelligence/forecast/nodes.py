"""The forecast of every node of the hierarchy: leaves in cents, so that children add up to their parent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from geartrain.intelligence.forecast import simulate
from geartrain.intelligence.forecast.engine import intake_draws
from geartrain.intelligence.forecast.history import Floats, History
from geartrain.intelligence.forecast.ladder import LEVELS, Forecast
from geartrain.kernel.hierarchy import Hierarchy

NOBODY = ""
MOVERS = 5


@dataclass(frozen=True)
class Node:
    """One person with everyone below: means in cents, exact sums of the leaves. `movers` move it most."""

    node: str
    parent: str | None
    closed: int
    open: int
    intake: int
    p10: float
    p50: float
    p90: float
    movers: tuple[str, ...]

    @property
    def mean(self) -> int:
        """All three parts."""
        return self.closed + self.open + self.intake

    def as_json(self, names: Mapping[str, str]) -> dict[str, Any]:
        """Ready for a JSON writer, in units of the currency."""
        return {
            "node": self.node or None,
            "name": names.get(self.node, self.node or "unassigned"),
            "parent": self.parent,
            "closed": money(self.closed),
            "open": money(self.open),
            "uncreated": money(self.intake),
            "mean": money(self.mean),
            "p10": money(round(self.p10 * 100)),
            "p50": money(round(self.p50 * 100)),
            "p90": money(round(self.p90 * 100)),
            "deals": list(self.movers),
        }


def money(cents: int) -> Decimal:
    """Cents as an amount."""
    return Decimal(int(cents)) / 100


def nodes(history: History, told: Forecast, hierarchy: Hierarchy) -> list[Node]:
    """Every person with something to forecast and everyone above, by id; nobody's deals have a node of their own."""
    parts = told.parts
    owners = [*history.owners, NOBODY]
    none = len(owners) - 1
    won = history.won_in(*parts.span, known=parts.day)
    last = history.owner[np.maximum(history.first[1:] - 1, 0)]
    closed = _cents(history.booked[won], _coded(last[won], none), none + 1)
    held = _coded(parts.rows.owner, none)
    p = told.chance if len(told.chance) else np.zeros(len(parts.rows))
    open_ = _cents(p * parts.value, held, none + 1)
    late = history.won & (history.closed <= parts.day) & (history.closed > parts.day - 365)
    share = np.bincount(_coded(last[late], none), weights=history.booked[late], minlength=none + 1)
    intake = _split(round(told.intake * 100), share if share.sum() > 0 else np.eye(none + 1)[none])
    drawn = simulate.draw(p, parts.value, held, none + 1, shock=told.shock, seed=1)
    coming = intake_draws(parts) * told.scale
    part = intake / max(float(np.abs(intake).sum()), 1.0)
    sums = closed / 100 + drawn + coming[:, None] * part[None, :]
    leaves = {owner: n for n, owner in enumerate(owners) if closed[n] or open_[n] or intake[n]}
    order = np.argsort(-(p * (1 - p)) * parts.value**2, kind="stable")
    return _rolled(history, told, hierarchy, leaves, (closed, open_, intake), sums, held, order)


def _rolled(
    history: History, told: Forecast, hierarchy: Hierarchy, leaves: Mapping[str, int], cents: Sequence[Any],
    sums: Floats, held: Any, order: Any,
) -> list[Node]:  # fmt: skip
    above = {owner: [owner, *hierarchy.chain(owner)] if owner != NOBODY else [NOBODY] for owner in leaves}
    below: dict[str, list[int]] = {}
    for owner, chain in above.items():
        for person in chain:
            below.setdefault(person, []).append(leaves[owner])
    company = np.quantile(sums.sum(axis=1), LEVELS)
    size = (told.p90 - told.p10) / float(company[2] - company[0]) if company[2] > company[0] else 1.0
    found = []
    for person in sorted(below):
        at = below[person]
        closed, open_, intake = (int(c[at].sum()) for c in cents)
        low, middle, high = (float(q) for q in np.quantile(sums[:, at].sum(axis=1), LEVELS))
        mean = (closed + open_ + intake) / 100
        p50 = max(closed / 100, mean + middle - float(sums[:, at].sum(axis=1).mean()))
        # The company is what it is; everyone below it is as much wider as it is.
        whole = len(at) == len(leaves)
        low, p50, high = (
            (told.p10, told.p50, told.p90)
            if whole
            else (max(closed / 100, p50 - size * (middle - low)), p50, p50 + size * (high - middle))
        )
        movers = [history.ids[told.parts.rows.deal[n]] for n in order[np.isin(held[order], at)][:MOVERS]]
        chain = hierarchy.chain(person) if person != NOBODY else []
        found.append(
            Node(person, chain[0] if chain else None, closed, open_, intake, low, p50, high, tuple(movers))
        )  # fmt: skip
    return found


def _coded(codes: Any, none: int) -> Any:
    return np.where(codes < 0, none, codes)


def _cents(amounts: Floats, group: Any, groups: int) -> Any:
    return np.rint(np.bincount(group, weights=np.rint(amounts * 100), minlength=groups)).astype(np.int64)


def _split(cents: int, share: Any) -> Any:
    """An amount by shares, adding up: largest remainders first, ties by place."""
    exact = cents * share / share.sum()
    whole = np.floor(exact).astype(np.int64)
    missing = cents - int(whole.sum())
    whole[np.argsort(-(exact - whole), kind="stable")[:missing]] += 1
    return whole
