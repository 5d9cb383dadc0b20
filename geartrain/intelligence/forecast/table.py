"""The default: chance by stage, time in stage and time left, shrunk towards what is coarser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geartrain.intelligence.forecast.history import Floats, Ints, Snapshot

# Days in stage, and of age, at which a bucket begins.
STAYED = np.array([0, 4, 8, 15, 30, 60, 90, 120, 150, 210])
SHRINK = 12.0  # deals of the coarser cell that each cell starts with


@dataclass(frozen=True)
class Cells:
    """What a deal is looked up by: coarse to fine."""

    stage: Ints
    kind: Ints
    due: Ints
    time: Ints

    def levels(self) -> list[Ints]:
        """Codes of the stage, then of it with the kind of deal, with due, and with the time in stage."""
        two = self.stage * 64 + self.kind
        three = two * 8 + self.due
        return [self.stage, two, three, three * 64 + self.time]


def cells(rows: Snapshot, start: int, end: int) -> Cells:
    """The cells of open deals for the period they may be won in."""
    kind = rows.kind[:, 0] + 1 if rows.kind.shape[1] else np.zeros(len(rows), dtype=np.int64)
    time = np.searchsorted(STAYED, rows.stayed, side="right")
    return Cells(rows.stage + 1, kind, rows.placed(start, end), time)


@dataclass(frozen=True)
class Shrunk:
    """Chances by cell; `base` is that of all.

    Example: 3 of 6 won in a cell of a stage where 20 % are won: (3 + 12 × 0.2) / (6 + 12) = 0.3.
    """

    base: float
    known: tuple[dict[int, float], ...]

    def steps(self, at: Cells) -> list[Floats]:
        """The chance after the base, after the stage, the kind, due and time: the last one is it."""
        found = [np.full(len(at.stage), self.base)]
        for codes, table in zip(at.levels(), self.known, strict=True):
            keys, inverse = np.unique(codes, return_inverse=True)
            told = np.array([table.get(int(k), np.nan) for k in keys])[inverse] if len(keys) else np.zeros(0)
            found.append(np.where(np.isnan(told), found[-1], told))
        return found

    def chance(self, at: Cells) -> Floats:
        """The chance of each deal."""
        return self.steps(at)[-1]


def fit(at: Cells, won: Floats, weight: Floats) -> Shrunk:
    """The table of deals whose end is known.

    Args:
        won: 1 where the deal was won in time.
        weight: How much each counts: snapshots of one deal share one.
    """
    total = float(weight.sum())
    base = float((weight * won).sum() + 0.1) / (total + 1.0)
    known: list[dict[int, float]] = []
    above = np.full(len(won), base)
    for codes in at.levels():
        keys, inverse = np.unique(codes, return_inverse=True)
        n = np.bincount(inverse, weights=weight, minlength=len(keys))
        wins = np.bincount(inverse, weights=weight * won, minlength=len(keys))
        prior = np.zeros(len(keys))
        prior[inverse] = above
        chance = (wins + SHRINK * prior) / (n + SHRINK)
        known.append(dict(zip(keys.tolist(), chance.tolist(), strict=True)))
        above = chance[inverse] if len(keys) else above
    return Shrunk(base, tuple(known))
