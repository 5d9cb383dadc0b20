"""The chance of each open deal to be won in time, learnt from deals whose end is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geartrain.intelligence.forecast import table
from geartrain.intelligence.forecast.history import NO_DAY, Floats, History, Ints, Snapshot

AGES = np.array([0, 4, 8, 15, 22, 29, 43, 57, 71, 85, 99, 113, 127, 141, 170, 200, 260, 350])
WEEK = 7
MOST_ROWS = 20_000


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
    fitted = HistGradientBoostingClassifier(
        max_iter=40, learning_rate=0.1, max_leaf_nodes=12, min_samples_leaf=40, l2_regularization=5.0, random_state=0,
        early_stopping=False,
    )  # fmt: skip
    fitted.fit(x[chosen], y[chosen])
    return np.asarray(fitted.predict_proba(features(rows, start, end))[:, 1]) if len(rows) else np.zeros(0)


SIZES = (13, 20, 11, 8, 3)  # codes of stage, age, time in stage, due and nearness of the period's end


def hazard_cells(rows: Snapshot, ahead: int, to_end: int) -> Ints:
    """One code per deal so many days ahead: its stage, age, time in stage, due, and how near the period's end is."""
    stage = np.clip(rows.stage + 1, 0, 12)
    age = np.searchsorted(AGES, rows.age + ahead, side="right")
    stayed = np.searchsorted(table.STAYED, rows.stayed + ahead, side="right")
    days = rows.due - (rows.day + ahead)
    due = np.where(rows.due == NO_DAY, 0, np.searchsorted([-14, 0, 7, 21, 45], days, side="right") + 1)
    late = 0 if to_end >= 22 else 1 if to_end >= 8 else 2
    codes: Ints = np.ravel_multi_index((stage, age, stayed, due, np.full(len(rows), late)), SIZES).astype(np.int64)
    return codes


def _columns(codes: Ints) -> Floats:
    """A column for each value of each part of the code."""
    parts = np.unravel_index(codes, SIZES)
    return np.concatenate([np.eye(n)[p] for n, p in zip(SIZES, parts, strict=True)], axis=1)


def weeks_of(history: History, day: int, ends: Sequence[int], *, back: int = 26) -> tuple[Ints, Ints]:
    """Codes of deal-weeks of late whose end is known on the day, and what came: 0 still open, 1 won, 2 lost."""
    codes, ends_of = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for n in range(1, back + 1):
        at = day - WEEK * n
        if at < history.begins:
            break
        rows = history.open_at(at)
        gone = history.closed[rows.deal] <= at + WEEK
        ends_of.append(np.where(gone, np.where(history.won[rows.deal], 1, 2), 0).astype(np.int64))
        codes.append(hazard_cells(rows, 0, _to_end(at, ends)))
    return np.concatenate(codes), np.concatenate(ends_of)


def by_hazard(history: History, rows: Snapshot, day: int, end: int, ends: Sequence[int]) -> Floats | None:
    """Discrete-time competing risks: each week a deal is won, lost or stays open; None without enough weeks."""
    from sklearn.linear_model import LogisticRegression

    codes, came = weeks_of(history, day, ends)
    if len(np.unique(came)) < 3:
        return None
    # Deal-weeks that are alike count together: the fit is the same and takes a hundredth of the time.
    alike, n = np.unique(codes * 3 + came, return_counts=True)
    fitted = LogisticRegression(C=1.0, max_iter=200).fit(_columns(alike // 3), alike % 3, sample_weight=n)
    open_, won = np.ones(len(rows)), np.zeros(len(rows))
    left = end - 1 - day
    for ahead in range(0, left, WEEK):
        keys, inverse = np.unique(hazard_cells(rows, ahead, _to_end(day + ahead, ends)), return_inverse=True)
        risk = fitted.predict_proba(_columns(keys))[inverse]
        part = min(WEEK, left - ahead) / WEEK
        won = won + open_ * risk[:, 1] * part
        open_ = open_ * (1 - (risk[:, 1] + risk[:, 2]) * part)
    return np.clip(won, 0.0, 1.0)


def _to_end(day: int, ends: Sequence[int]) -> int:
    """Days from a day to the end of its period."""
    later = [e for e in ends if e > day]
    return min(later) - day if later else 999
