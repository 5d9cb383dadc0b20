"""One forecast as known at the end of a day: already won, open pipeline and intake, by every rung of the ladder."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from geartrain.intelligence.forecast import hazard, learners, simulate
from geartrain.intelligence.forecast.history import NEVER, Flags, Floats, History, Snapshot
from geartrain.intelligence.forecast.intake import expected
from geartrain.intelligence.forecast.table import Shrunk, cells

Span = tuple[int, int]
# The ladder, lowest first. Those of DEALS give every deal a chance; the others only a total.
RUNGS = ("last_period", "last_year", "run_rate", "pacing", "stage_weighted", "category_weighted", "stage_time_table",
         "hazard", "boosting", "average")  # fmt: skip
DEALS = ("stage_time_table", "hazard", "boosting", "average")
DEFAULT = "stage_time_table"
AVERAGE = "average"
MOST_DEALS = 100_000  # that are learnt from
FLOOR = 30  # won deals below which no deal is given a chance
RANKED = 3  # past periods from which rungs are ranked
ENOUGH = 4  # past periods from which origins are those at the same lead alone; before, every week is one too
ALIKE = 2  # past periods from which there are origins at the same lead


@dataclass(frozen=True)
class Parts:
    """A forecast before it is ranked and widened.

    Args:
        closed: Booked so far in the period.
        totals: The mean of the total by rung; a rung that cannot be had is not there.
        chance: By rung of DEALS, the chance of each open deal.
        value: What each open deal brings if it is won.
        intake: Mean of what is not created yet, by the `way`; `intakes`: what it was in the past, `weights` how much
            each counts.
        known: Past periods whose end is known and whose beginning is too.
    """

    day: int
    span: Span
    closed: float
    rows: Snapshot
    totals: dict[str, float]
    chance: dict[str, Floats]
    value: Floats
    intake: float
    way: str
    intakes: Floats
    weights: Floats
    table: Shrunk | None
    known: int


@dataclass
class Engine:
    """Forecasts over one history; what was worked out is kept by day and period.

    Args:
        periods: `[start, end)` of the fiscal periods, in order, from the first that history touches on.
        kept: What was made of parts and is asked for again.
    """

    history: History
    periods: Sequence[Span]
    boosted: bool = True
    _parts: dict[tuple[int, Span], Parts] = field(default_factory=dict)
    kept: dict[Hashable, Any] = field(default_factory=dict)

    @cached_property
    def learnt(self) -> History:
        """What is learnt from: all deals, or of very many so many, evenly taken."""
        return self.history.thinned(-(-len(self.history.ids) // MOST_DEALS))

    def past(self, day: int, span: Span) -> list[Span]:
        """The periods before one whose end is known on the day and whose whole length history has."""
        begins = self.history.begins
        return [p for p in self.periods if p[1] - 1 <= day and p[1] <= span[0] and p[0] >= begins - 7]

    def parts(self, day: int, span: Span) -> Parts:
        """The forecast of a period at the end of a day."""
        key = (day, span)
        if key not in self._parts:
            self._parts[key] = self._work(day, span)
        return self._parts[key]

    def origin_days(self, day: int, span: Span) -> list[Span]:
        """(day, end) of past origins with as much time left as now, their windows closed by the day."""
        left = span[1] - 1 - day
        past = self.past(day, span)
        found = set()
        if len(past) >= ALIKE:
            found |= {(e - 1 - left + shift, e) for _, e in past[-9:] for shift in (-7, 0, 7)}
        if len(past) < ENOUGH:
            found |= {(day - left - 7 * n, day + 1 - 7 * n) for n in range(20)}
        return sorted((o, e) for o, e in found if self.history.begins < o < e - 1)

    def _work(self, day: int, span: Span) -> Parts:
        h, (start, end) = self.history, span
        closed, rows = h.bookings(start, end, known=day), h.open_at(day)
        past = self.past(day, span)
        value = _values(h, rows, day)
        intakes, weights = self._intakes(day, span)
        intake, way = expected(intakes, weights, apart=len(past) >= ALIKE)
        totals = self._simple(day, span, closed, past)
        chance: dict[str, Floats] = {}
        fitted = None
        if end - 1 > day and int((h.won & (h.closed <= day)).sum()) >= FLOOR and len(rows):
            origins = [learners.origin_at(self.learnt, o, e, known=day) for o, e in self.origin_days(day, span)]
            origins = [o for o in origins if len(o.rows)]
            if origins:
                chance[DEFAULT], fitted = learners.by_table(origins, rows, day + 1, end)
                if self.boosted and sum(len(o.won) for o in origins) >= 500:
                    chance["boosting"] = learners.by_boosting(self.learnt, origins, rows, day + 1, end)
            ends = [e for _, e in self.periods]
            fit = hazard.fit(self.learnt, day, end, ends)
            if fit is not None:
                chance["hazard"] = fit.chance(rows, end)
            if chance:
                chance[AVERAGE] = np.mean(list(chance.values()), axis=0)
        for rung, p in chance.items():
            # The mean of rungs is of totals too: the gate weighs it.
            if rung != AVERAGE:
                totals[rung] = closed + float((p * value).sum()) + intake
        totals |= self._weighted(day, span, closed, rows)
        if end - 1 <= day:
            totals = dict.fromkeys(totals or {"run_rate": 0.0}, closed)
        return Parts(day, span, closed, rows, totals, chance, value, intake, way, intakes, weights, fitted, len(past))

    def _simple(self, day: int, span: Span, closed: float, past: Sequence[Span]) -> dict[str, float]:
        """The rungs that know nothing of open deals."""
        h, (start, end) = self.history, span
        found: dict[str, float] = {}
        before = [h.bookings(*p, known=day) for p in past]
        if before:
            found["last_period"] = before[-1]
        if len(before) >= 4 and past[-4][0] <= start - 360:
            found["last_year"] = before[-4]
        elapsed, whole = day + 1 - start, end - start
        if elapsed > 0 and closed > 0:
            found["run_rate"] = closed * whole / elapsed
        shares = [
            h.bookings(s, min(e, s + round(elapsed * (e - s) / whole)), known=day) / b
            for (s, e), b in zip(past[-8:], before[-8:], strict=True)
            if b
        ]
        usual = float(np.mean(shares)) if shares else 0.0
        if elapsed > 0 and usual > 0.02 and closed > 0:
            found["pacing"] = closed / usual
        elif before:
            found["pacing"] = before[-1]
        return found

    def _weighted(self, day: int, span: Span, closed: float, rows: Snapshot) -> dict[str, float]:
        """Booked so far and open deals due in the period at the share of their stage (category) that was ever won."""
        h, (_, end) = self.history, span
        done = (h.closed <= day) & (h.closed > day - 730)
        if not done.any():
            return {}
        dated = (rows.placed(day + 1, end) > 0).any()
        due = (rows.placed(day + 1, end) <= 2) if dated else np.ones(len(rows), dtype=bool)
        worth = np.nan_to_num(rows.worth, nan=_mean(rows.worth))
        found = {}
        for name, at in (("stage", rows.stage), ("category", rows.category)):
            # Each deal once in every stage that it was ever in.
            deal, code, since = h.ever(name)
            seen = done[deal] & (since <= day)
            if not seen.any():
                continue
            size = max(int(code.max()), int(at.max(initial=-1))) + 2
            n = np.bincount(code[seen] + 1, minlength=size)
            wins = np.bincount(code[seen] + 1, weights=h.won[deal[seen]], minlength=size)
            rate = (wins + 1) / (n + 2)
            found[f"{name}_weighted"] = closed + float((worth * rate[at + 1])[due].sum())
        return found

    def _intakes(self, day: int, span: Span) -> tuple[Floats, Floats]:
        """What was created and won within the same days before the end of past windows, and the weight of each."""
        h, left = self.history, span[1] - 1 - day
        if left <= 0:
            return np.zeros(0), np.zeros(0)
        past = self.past(day, span)
        windows = (
            [(e - left, e) for _, e in past[-9:] if e - left > h.begins]
            if len(past) >= ALIKE
            else [(day + 1 - left - 7 * n, day + 1 - 7 * n) for n in range(12)]
        )
        windows = sorted((s, e) for s, e in windows if s > h.begins)
        found = np.array(
            [h.booked[h.won_in(s, e, known=day) & (h.created >= s)].sum() for s, e in windows], dtype=np.float64
        )
        half = 240.0 if len(past) >= ALIKE else 28.0
        weights = np.array([0.5 ** ((day - e) / half) for _, e in windows])
        return found, weights / weights.sum() if len(weights) else weights


def _mean(worth: Floats) -> float:
    known = worth[~np.isnan(worth)]
    return float(known.mean()) if len(known) else 0.0


def _values(history: History, rows: Snapshot, day: int) -> Floats:
    """What open deals bring if won: their worth by what deals of late brought for theirs; the mean where unknown."""
    late: Flags = history.won & (history.closed <= day) & (history.closed > day - 550)
    # What was thought of each a month before it closed, or at first.
    last = history.first[1:] - 1
    deals = np.flatnonzero(late)
    ratio = 1.0
    if len(deals):
        first = history.worth[history.first[deals]]
        ends = history.worth[last[deals]]
        thought = np.where(np.isnan(first), ends, first)
        known = ~np.isnan(thought)
        if thought[known].sum() > 0:
            ratio = float(np.clip(history.booked[deals][known].sum() / thought[known].sum(), 0.5, 1.5))
            ratio = 1 + (ratio - 1) / 2
    return np.nan_to_num(rows.worth, nan=_mean(rows.worth)) * ratio


def distribution(parts: Parts, rung: str | None, *, scale: float, shock: float, seed: int = 0) -> Floats:
    """Draws of the total by the rung's chances: deals, intake of past windows, and the shock they share."""
    coming = intake_draws(parts, seed=seed) * scale + parts.closed
    if rung is None:
        return coming
    p = np.minimum(parts.chance[rung] * scale, 1.0)
    group = np.zeros(len(p), dtype=np.int64)
    return coming + simulate.draw(p, parts.value, group, 1, shock=shock, seed=seed)[:, 0]


def intake_draws(parts: Parts, *, seed: int = 0) -> Floats:
    """Intake drawn from what it was, about what is expected."""
    if not len(parts.intakes):
        return np.zeros(simulate.DRAWS)
    usual = float((parts.intakes * parts.weights).sum())
    drawn = np.random.default_rng(seed + 1).choice(parts.intakes, simulate.DRAWS, p=parts.weights)
    return drawn * (parts.intake / usual if usual > 0 else 1.0)


def contributions(parts: Parts, rung: str) -> list[dict[str, float]]:
    """Per open deal, how its chance comes about: base, stage, due, time in stage, what the rung adds: a sum."""
    p = parts.chance.get(rung)
    if p is None or parts.table is None:
        return [{} for _ in range(len(parts.rows))]
    steps = parts.table.steps(cells(parts.rows, parts.day + 1, parts.span[1]))
    names = ("base", "stage", "kind", "due", "time_in_stage")
    columns = [steps[0], *(b - a for a, b in pairwise(steps))]
    told = dict(zip(names, columns, strict=True)) | {rung: p - steps[-1]}
    if rung == DEFAULT:
        told.pop(rung)
    return [{k: float(v[n]) for k, v in told.items()} for n in range(len(p))]


__all__ = [
    "AVERAGE",
    "DEALS",
    "DEFAULT",
    "NEVER",
    "RUNGS",
    "Engine",
    "Parts",
    "contributions",
    "distribution",
    "intake_draws",
]
