"""Discrete-time competing risks: week by week a deal is won, lost or stays open, from how it stood on a past day.

A deal's stage is that of the day it was looked at: that it moves on until a later week is in the week's coefficient, so
that three months ahead is learnt from what became of deals in three months, not from a chain of weeks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geartrain.intelligence.forecast import table
from geartrain.intelligence.forecast.history import NO_DAY, Floats, History, Ints, Snapshot

WEEK = 7
BACK = 380  # days that are looked back
FURTHER = 21  # days further from the end of a period than asked for that are looked from too
SHOTS = 100_000  # deals that are looked at; of more, evenly taken, so many
MOST = 6_000  # deal-weeks that are learnt from; beyond it a seeded draw of them
AGES = np.array([0, 8, 22, 43, 71, 99, 141, 200, 350])
AHEAD = np.array([1, 2, 3, 5, 8, 13, 26])
NEAR = np.array([7, 14, 21, 42])  # days to the end of the period when a week begins
DUE = np.array([-14, 0, 7, 21, 45, 90])


def look(rows: Snapshot, bounds: Floats) -> Ints:
    """What open deals are known by on the day, a column of codes for each: stage, age, time in stage, due, size, kind.

    Args:
        bounds: Of worth between the sizes; unknown worth is the first size.
    """
    due = np.where(rows.due == NO_DAY, 0, np.searchsorted(DUE, rows.due - rows.day, side="right") + 1)
    age, stayed = (
        np.searchsorted(edges, days, side="right") for edges, days in ((AGES, rows.age), (table.STAYED, rows.stayed))
    )
    size = np.where(np.isnan(rows.worth), 0, np.searchsorted(bounds, rows.worth) + 1)
    # What a stage means is another thing for another kind of deal.
    first = rows.kind[:, 0] + 1 if rows.kind.shape[1] else np.zeros(len(rows), dtype=np.int64)
    stage = (rows.stage + 1) * 64 + first
    found: Ints = np.column_stack([stage, age, stayed, due, size, np.clip(rows.pushes, 0, 2), rows.kind]).astype(
        np.int64
    )
    return found


@dataclass(frozen=True)
class Hazard:
    """Fitted risks of a week: a column of coefficients to be won and one to be lost, the constant last."""

    fitted: Floats
    columns: tuple[Ints, ...]
    bounds: Floats

    def chance(self, rows: Snapshot, end: int) -> Floats:
        """The chance of each deal to be won after the day of the rows and before `end`."""
        codes = look(rows, self.bounds)
        open_, won = np.ones(len(rows)), np.zeros(len(rows))
        # The weeks end with the period: a first part of one is that part of a week.
        for start in range(rows.day, end - 1, WEEK):
            x = _design(_timed(codes, start - rows.day, end - 1 - start), self.columns)
            risk = 1 / (1 + np.exp(-(x @ self.fitted[:-1] + self.fitted[-1])))
            risk = risk / np.maximum(risk.sum(axis=1, keepdims=True), 1.0) * min(WEEK, end - 1 - start) / WEEK
            won = won + open_ * risk[:, 0]
            open_ = open_ * (1 - risk.sum(axis=1))
        return np.clip(won, 0.0, 1.0)


def fit(history: History, day: int, end: int, ends: Sequence[int]) -> Hazard | None:
    """Risks learnt from what became of open deals until today; None without wins and losses.

    The days looked at lie as many days before the end of their period as today lies from `end` and whole weeks more
    or less, so that the weeks of all of them begin and end alike and none runs over the end of a period.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    shots = [(s, e) for d, e in _days(history, day, end, ends) if len(s := history.open_at(d))]
    if not shots:
        return None
    step = -(-sum(len(s) for s, _ in shots) // SHOTS)
    shots = [(s.thinned(step), e) for s, e in shots]
    worth = np.concatenate([s.worth for s, _ in shots])
    known = worth[~np.isnan(worth)]
    bounds = np.unique(np.quantile(known, (0.25, 0.5, 0.75, 0.9))) if len(known) else np.zeros(0)
    codes, came = _weeks(history, shots, day, bounds)
    if len(came) > MOST:
        chosen = np.sort(np.random.default_rng(0).permutation(len(came))[:MOST])
        codes, came = codes[chosen], came[chosen]
    if len(np.unique(came)) < 3:
        return None
    columns = tuple(np.unique(codes[:, n]) for n in range(codes.shape[1]))
    x = _design(codes, columns)
    # A risk for each way to end, the other and staying open against it: a tenth of the work of both at once.
    with threadpool_limits(1):
        fitted = [
            LogisticRegression(C=0.3, solver="newton-cholesky", max_iter=30, tol=1e-3).fit(x, came == way)
            for way in (1, 2)
        ]
    return Hazard(np.stack([np.append(f.coef_[0], f.intercept_) for f in fitted], axis=1), columns, bounds)


def _days(history: History, day: int, end: int, ends: Sequence[int]) -> list[tuple[int, int]]:
    """Days to look from and the end of their period, a year back; where no period is over, every week before today."""
    phase = (end - 1 - day) % WEEK
    begins = history.begins
    found = [
        (d, e)
        for e in {end, *(e for e in ends if e <= end)}
        for d in range(e - 1 - phase, max(begins, e - 1 - (end - 1 - day) - FURTHER) - 1, -WEEK)
        if day - BACK <= d < min(day, e - 1) and d + WEEK <= day
    ]
    if not any(e <= day for _, e in found):
        found = [(day - WEEK * n, end) for n in range(1, 20) if day - WEEK * n >= begins]
    return sorted(found)


def _weeks(history: History, shots: Sequence[tuple[Snapshot, int]], day: int, bounds: Floats) -> tuple[Ints, Ints]:
    """Of each deal and week that is over: what it was known by, and 0 still open, 1 won, 2 lost."""
    found, ends_of = [np.zeros((0, 1), dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for rows, end in shots:
        codes = look(rows, bounds)
        closed, won = history.closed[rows.deal], history.won[rows.deal]
        for start in range(rows.day, min(day - WEEK + 1, end - 1), WEEK):
            until = min(start + WEEK, end - 1)
            still = closed > start
            gone = closed[still] <= until
            ends_of.append(np.where(gone, np.where(won[still], 1, 2), 0).astype(np.int64))
            found.append(_timed(codes[still], start - rows.day, end - 1 - start))
    return np.concatenate(found[1:] or found), np.concatenate(ends_of)


def _timed(codes: Ints, ahead: int, left: int) -> Ints:
    """With the weeks ahead and how near the end of the period the week begins."""
    far = int(np.searchsorted(AHEAD, ahead // WEEK, side="right"))
    near = int(np.searchsorted(NEAR, left, side="left"))
    return np.column_stack([codes, np.full(len(codes), far), np.full(len(codes), near)])


def _design(codes: Ints, columns: Sequence[Ints]) -> Floats:
    """A column for each value that was seen of each thing."""
    return np.concatenate([codes[:, n, None] == values[None, :] for n, values in enumerate(columns)], axis=1).astype(
        np.float64
    )
