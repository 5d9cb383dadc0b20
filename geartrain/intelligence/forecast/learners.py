"""The chance of each open deal to be won in time, learnt from deals whose end is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geartrain.intelligence.forecast import table
from geartrain.intelligence.forecast.history import NO_DAY, Floats, History, Ints, Snapshot

AGES = np.array([0, 4, 8, 15, 22, 29, 43, 57, 71, 85, 99, 113, 127, 141, 170, 200, 260, 350])
WEEK = 7
MOST_ROWS = 40_000


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
    won = history.won_in(day + 1, end, known=known)[rows.deal].astype(np.float64)
    return Origin(rows, day + 1, end, won)


def by_table(origins: Sequence[Origin], rows: Snapshot, start: int, end: int) -> tuple[Floats, table.Shrunk]:
    """Stage × time in stage × due, with the time left that the origins share."""
    parts = [table.cells(o.rows, o.start, o.end) for o in origins]
    at = table.Cells(*(np.concatenate([getattr(p, n) for p in parts]) for n in ("stage", "due", "time")))
    deals = np.concatenate([o.rows.deal for o in origins])
    # A deal that is seen by several origins counts once in all.
    _, inverse, seen = np.unique(deals, return_inverse=True, return_counts=True)
    fitted = table.fit(at, np.concatenate([o.won for o in origins]), np.sqrt(1.0 / seen[inverse]))
    return fitted.chance(table.cells(rows, start, end)), fitted


def features(rows: Snapshot, start: int, end: int) -> Floats:
    """What boosting reads: all of it known at the end of the day of the rows."""
    due = np.where(rows.due == NO_DAY, -999.0, (rows.due - rows.day).astype(np.float64))
    return np.column_stack(
        [
            rows.stage, rows.category, np.log1p(rows.age), np.log1p(rows.stayed), due,
            np.where(rows.due == NO_DAY, -999.0, (end - rows.due).astype(np.float64)),
            np.log1p(np.maximum(np.nan_to_num(rows.worth), 0)), rows.pushes, np.full(len(rows), end - start),
        ]
    ).astype(np.float64)  # fmt: skip


def by_boosting(origins: Sequence[Origin], rows: Snapshot, start: int, end: int) -> Floats:
    """Gradient boosting on the snapshots of the origins, seeded."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = np.concatenate([features(o.rows, o.start, o.end) for o in origins])
    y = np.concatenate([o.won for o in origins])
    if len(np.unique(y)) < 2:
        return np.full(len(rows), float(y.mean()) if len(y) else 0.0)
    chosen = np.random.default_rng(0).permutation(len(y))[:MOST_ROWS]
    model = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.08, max_leaf_nodes=12, min_samples_leaf=40, l2_regularization=5.0, random_state=0,
        early_stopping=False,
    )  # fmt: skip
    model.fit(x[chosen], y[chosen])
    return np.asarray(model.predict_proba(features(rows, start, end))[:, 1]) if len(rows) else np.zeros(0)


@dataclass(frozen=True)
class Weeks:
    """What became of open deals within a week: 0 still open, 1 won, 2 lost."""

    x: Floats
    y: Ints


def hazard_features(rows: Snapshot, ahead: int, to_end: int) -> Floats:
    """Columns of the hazard so many days ahead: stage, age bucket, time in stage, due, nearness of the quarter's end."""
    day = rows.day + ahead
    stage = np.eye(12)[np.clip(rows.stage + 1, 0, 11)]
    age = np.eye(len(AGES) + 1)[np.searchsorted(AGES, rows.age + ahead, side="right")]
    due = np.where(rows.due == NO_DAY, 0, rows.due - day)
    near = np.column_stack([rows.due == NO_DAY, due < -14, (due >= -14) & (due < 0), (due >= 0) & (due < 7),
                            (due >= 7) & (due < 21), due >= 45])  # fmt: skip
    late = np.full((len(rows), 2), [0 <= to_end < 8, 8 <= to_end < 22])
    stayed = np.log1p(rows.stayed + ahead)[:, None]
    return np.concatenate([stage, age, near & (rows.due != NO_DAY)[:, None], late, stayed], axis=1).astype(np.float64)


def weeks_of(history: History, day: int, ends: Sequence[int], *, back: int = 26) -> Weeks:
    """Deal-weeks of the last so many weeks whose end is known on the day."""
    xs, ys = [], []
    for n in range(1, back + 1):
        at = day - WEEK * n
        if at < history.begins:
            break
        rows = history.open_at(at)
        if not len(rows):
            continue
        gone = history.closed[rows.deal] <= at + WEEK
        ys.append(np.where(gone, np.where(history.won[rows.deal], 1, 2), 0).astype(np.int64))
        xs.append(hazard_features(rows, 0, _to_end(at, ends)))
    if not xs:
        return Weeks(np.zeros((0, 0)), np.zeros(0, dtype=np.int64))
    return Weeks(np.concatenate(xs), np.concatenate(ys))


def by_hazard(history: History, rows: Snapshot, day: int, end: int, ends: Sequence[int]) -> Floats | None:
    """Discrete-time competing risks: each week a deal is won, lost or stays open; None without enough weeks."""
    from sklearn.linear_model import LogisticRegression

    weeks = weeks_of(history, day, ends)
    if len(np.unique(weeks.y)) < 3:
        return None
    chosen = np.random.default_rng(0).permutation(len(weeks.y))[:MOST_ROWS]
    model = LogisticRegression(C=1.0, max_iter=60).fit(weeks.x[chosen], weeks.y[chosen])
    open_, won = np.ones(len(rows)), np.zeros(len(rows))
    left = end - 1 - day
    for ahead in range(0, left, WEEK):
        risk = model.predict_proba(hazard_features(rows, ahead, _to_end(day + ahead, ends)))
        part = min(WEEK, left - ahead) / WEEK
        won = won + open_ * risk[:, 1] * part
        open_ = open_ * (1 - (risk[:, 1] + risk[:, 2]) * part)
    return np.clip(won, 0.0, 1.0)


def _to_end(day: int, ends: Sequence[int]) -> int:
    """Days from a day to the end of its period."""
    later = [e for e in ends if e > day]
    return min(later) - day if later else 999
