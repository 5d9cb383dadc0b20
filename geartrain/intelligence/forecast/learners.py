"""The chance of each open deal to be won in time, learnt from deals whose end is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from geartrain.intelligence.forecast import table
from geartrain.intelligence.forecast.history import NO_DAY, Floats, History, Snapshot

MOST_ROWS = 10_000
MOST_SEEN = 50_000  # open deals of an origin that are learnt from


@dataclass(frozen=True)
class Origin:
    """A past day with its window: what was open then, and whether it was won in `[start, end)`."""

    rows: Snapshot
    start: int
    end: int
    won: Floats


def origin_at(history: History, day: int, end: int, *, known: int) -> Origin:
    """The open deals of a day and which of them were won after it, before `end`; `end` must be known by then."""
    rows = history.open_at(day)
    # Of very many deals every so-manieth tells the same.
    rows = rows.thinned(-(-len(rows) // MOST_SEEN))
    won = history.won_in(day + 1, end, known=known)[rows.deal].astype(np.float64)
    return Origin(rows, day + 1, end, won)


def by_table(origins: Sequence[Origin], rows: Snapshot, start: int, end: int) -> tuple[Floats, table.Shrunk]:
    """Stage × time in stage × due, with the time left that the origins share."""
    parts = [table.cells(o.rows, o.start, o.end) for o in origins]
    at = table.Cells(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("stage", "kind", "due", "time")))
    deals = np.concatenate([o.rows.deal for o in origins])
    # A deal that is seen by several origins counts once in all.
    _, inverse, seen = np.unique(deals, return_inverse=True, return_counts=True)
    fitted = table.fit(at, np.concatenate([o.won for o in origins]), np.sqrt(1.0 / seen[inverse]))
    return fitted.chance(table.cells(rows, start, end)), fitted


def track(history: History, day: int) -> Floats:
    """Of each owner, and last of nobody, the share won of what was closed in two years, shrunk to that of all by 20."""
    done = (history.closed <= day) & (history.closed > day - 730)
    owner, won = history.closer[done], history.won[done].astype(np.float64)
    base = (won.sum() + 1) / (len(won) + 2)
    n = np.bincount(owner + 1, minlength=len(history.owners) + 1)
    wins = np.bincount(owner + 1, weights=won, minlength=len(history.owners) + 1)
    told: Floats = (wins + 20 * base) / (n + 20)
    told[0] = base
    return told


def features(history: History, rows: Snapshot, start: int, end: int) -> Floats:
    """What boosting reads: all of it known at the end of the day of the rows."""
    due = np.where(rows.due == NO_DAY, -999.0, (rows.due - rows.day).astype(np.float64))
    return np.column_stack(
        [
            rows.stage, rows.category, np.log1p(rows.age), np.log1p(rows.stayed), due,
            np.where(rows.due == NO_DAY, -999.0, (end - rows.due).astype(np.float64)),
            np.log1p(np.maximum(np.nan_to_num(rows.worth), 0)), rows.pushes, np.full(len(rows), end - start),
            track(history, rows.day)[rows.owner + 1], *rows.kind.T,
        ]
    ).astype(np.float64)  # fmt: skip


def by_boosting(history: History, origins: Sequence[Origin], rows: Snapshot, start: int, end: int) -> Floats:
    """Gradient boosting on the snapshots of the origins, seeded."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    y = np.concatenate([o.won for o in origins])
    if len(np.unique(y)) < 2:
        return np.full(len(rows), float(y.mean()) if len(y) else 0.0)
    chosen = np.sort(np.random.default_rng(0).permutation(len(y))[:MOST_ROWS])
    begins = np.concatenate([[0], np.cumsum([len(o.won) for o in origins])])
    parts = [
        features(history, o.rows.take(chosen[(chosen >= a) & (chosen < b)] - a), o.start, o.end)
        for o, (a, b) in zip(origins, pairwise(begins), strict=True)
    ]
    x, y = np.concatenate(parts), y[chosen]
    fitted = HistGradientBoostingClassifier(
        max_iter=40, learning_rate=0.1, max_leaf_nodes=10, min_samples_leaf=40, l2_regularization=5.0, random_state=0,
        early_stopping=False,
    )  # fmt: skip
    # On so few rows threads that wait for each other take longer than one.
    with threadpool_limits(1):
        fitted.fit(x, y)
        if not len(rows):
            return np.zeros(0)
        return np.asarray(fitted.predict_proba(features(history, rows, start, end))[:, 1])
