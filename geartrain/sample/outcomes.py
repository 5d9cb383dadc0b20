"""How deals go: stage after stage, won or lost, in time or forgotten."""

from __future__ import annotations

import numpy as np

from geartrain.sample.company import (
    EXPANSION,
    NEW,
    RENEWAL,
    SEGMENT,
    SEGMENTS,
    STUCK_STAGE,
    WIN_BY_FUNCTION,
    WIN_BY_REGION,
)
from geartrain.sample.people import EVE, Staff
from geartrain.sample.tables import Columns
from geartrain.sample.world import DAY, MISSING, Array, World, in_hours, pick, quarter_end, weekday, working

SHARE = np.array([0.17, 0.19, 0.2, 0.31, 0.13])  # of the cycle, by stage
LOST_IN = np.array([0.3, 0.27, 0.16, 0.19, 0.08])
TERM_DAYS = np.array([365, 730, 1095])


def play(world: World, rng: np.random.Generator, staff: Staff, deals: Columns, *, forget: bool = False) -> Columns:
    """The deals with how they stand at the end of the last day.

    Adds: entered (an instant by stage; MISSING where skipped or not reached), last (the stage entered last), closed
    (MISSING while open), is_won, expected (the closing day its owner first wrote down), forgotten (instant since which
    nobody works on it, MISSING for none), begins and ends (days of the contract, meant for won deals).

    Args:
        forget: Whether some lost deals, and some of Eve's, are left open for ever.
    """
    count, created = len(deals["seat"]), deals["created"]
    day = created // DAY
    cycle = _cycle(world, deals, day)
    won = rng.random(count) < _chance(world, staff, deals, day)
    lost_in = np.where(won, 4, pick(rng, LOST_IN, count))
    entered, closed = _path(rng, deals, cycle, won, lost_in)
    closed = np.where(won, _towards_quarter_end(rng, closed, entered.max(axis=1), deals["region"]), closed)
    entered = np.where(entered <= world.now, entered, MISSING)
    expected = day + (cycle * rng.uniform(0.5, 1.05, count)).astype(np.int64)
    forgotten = np.full(count, MISSING)
    if forget:
        forgotten = _forgotten(world, rng, staff, deals, entered, np.where(won, MISSING, closed), closed)
        entered = np.where((forgotten != MISSING)[:, None] & (entered > forgotten[:, None]), MISSING, entered)
    closed = np.where((closed <= world.now) & (forgotten == MISSING), closed, MISSING)
    last = 4 - np.argmax((entered != MISSING)[:, ::-1], axis=1)
    start = np.where(deals["renews_on"] != MISSING, deals["renews_on"], closed // DAY + rng.integers(0, 20, count)) + 1
    ends = start + TERM_DAYS[deals["term"]] - 1
    ends = np.where(deals["ends_with"] > start + 20, deals["ends_with"], ends)
    return {
        **deals, "entered": entered, "last": last, "closed": closed, "is_won": won & (closed != MISSING),
        "expected": _on_quarter(rng, expected), "forgotten": forgotten,
        "begins": start, "ends": ends,
    }  # fmt: skip


def _chance(world: World, staff: Staff, deals: Columns, day: Array) -> Array:
    """Chance of winning: segment, region, source, the seller, their ramp, and a company that gets better."""
    base = np.array([SEGMENT[s].win for s in SEGMENTS])[deals["segment"]]
    base = np.select([deals["type"] == NEW, deals["type"] == EXPANSION], [base, base + 0.17], 0.83)
    seller = staff.seats.holding(deals["seat"], day)
    skill = staff.ability[seller] * (0.55 + 0.45 * staff.ramp(seller, day))
    better = 1 + 0.085 * (np.clip(world.age(day), -1, 6) - 1.5)
    odds = np.array(WIN_BY_REGION)[deals["region"]] * skill * better
    odds *= np.where(deals["type"] == NEW, np.array(WIN_BY_FUNCTION)[deals["function"]], 1.0)
    return np.asarray(np.clip(base * np.where(deals["type"] == RENEWAL, odds**0.12, odds), 0.03, 0.96))


def _cycle(world: World, deals: Columns, day: Array) -> Array:
    """Mean days from creation to closing; a little fewer every year."""
    base = np.array([SEGMENT[s].cycle for s in SEGMENTS])[deals["segment"]]
    base = np.select([deals["type"] == NEW, deals["type"] == EXPANSION], [base, base * 0.6], 96.0)
    return np.asarray(base * (1 - 0.04 * np.clip(world.age(day), -1, 5)))


def _path(rng: np.random.Generator, deals: Columns, cycle: Array, won: Array, lost_in: Array) -> tuple[Array, Array]:
    """The instants the stages are entered (MISSING where skipped or past the loss) and that of closing."""
    count, renewal = len(cycle), deals["type"] == RENEWAL
    shape = np.where(renewal, 9.0, 1.7)[:, None]
    spent = cycle[:, None] * SHARE * rng.gamma(shape, 1 / shape, (count, 5))
    spent[:, STUCK_STAGE] *= np.where((rng.random(count) < 0.15) & ~renewal, 2.7, 1.0)
    skipped = rng.random((count, 5)) < np.where(renewal[:, None], [0, 0.9, 0.9, 0, 0.2], [0, 0.07, 0.08, 0.02, 0.1])
    skipped[np.arange(count), np.where(won, 0, lost_in)] = False
    beyond = np.arange(5) > lost_in[:, None]
    # A lost deal lingers in the stage it is lost in; a renewal takes its time whichever stages it skips.
    spent = np.where((np.arange(5) == lost_in[:, None]) & ~won[:, None] & ~renewal[:, None], spent * 1.35, spent)
    spent = np.where(beyond | (skipped & ~renewal[:, None]), 0.0, spent)
    until = np.cumsum(spent, axis=1)
    day = deals["created"] // DAY
    entered = np.empty((count, 5), dtype=np.int64)
    entered[:, 0] = deals["created"]
    for stage in range(1, 5):
        at = in_hours(rng, working(day + until[:, stage - 1].astype(np.int64)), deals["region"])
        entered[:, stage] = np.maximum(at, entered[:, stage - 1] + rng.integers(900, 7200, count))
    closed = in_hours(rng, working(day + until[:, 4].astype(np.int64)), deals["region"])
    closed = np.maximum(closed, entered[:, 4] + rng.integers(3600, 14_400, count))
    return np.where(beyond | skipped, MISSING, entered), closed


def _towards_quarter_end(rng: np.random.Generator, closed: Array, entered: Array, region: Array) -> Array:
    """Many deals are signed in the last days of a quarter, if they have come far enough by then."""
    count, day = len(closed), closed // DAY
    end = quarter_end(day)
    before = quarter_end(day - 80)
    back = (rng.beta(1, 2.6, count) * 11).astype(np.int64)
    late = (end - day < 48) & (rng.random(count) < 0.62)
    early = (day - before < 14) & (day > before) & (rng.random(count) < 0.4)
    target = np.select([late, early], [end - back, before - back], day)
    target -= np.array([0, 0, 0, 0, 0, 1, 2])[weekday(target)]
    moved = (late | early) & (target > entered // DAY)
    return np.where(moved, in_hours(rng, target, region), closed)


def _on_quarter(rng: np.random.Generator, day: Array) -> Array:
    """Expected days are often simply the end of a quarter."""
    return np.where(rng.random(len(day)) < 0.35, quarter_end(day), day)


def _forgotten(
    world: World, rng: np.random.Generator, staff: Staff, deals: Columns, entered: Array, lost: Array, closed: Array
) -> Array:
    """Instants since which nobody works on a deal: a few that were lost in truth, and a few that Eve left behind."""
    known = np.where(entered == MISSING, 0, entered).max(axis=1)
    forgotten = np.full(len(lost), MISSING)
    stale = (lost != MISSING) & (lost <= world.now - 60 * DAY) & (lost >= world.now - 420 * DAY)
    stale &= rng.random(len(lost)) < 0.045
    forgotten[stale] = known[stale] + rng.integers(4, 20, int(stale.sum())) * DAY
    forgotten[forgotten > world.now - 45 * DAY] = MISSING
    left = staff.eve_left * DAY
    hers = staff.seats.holding(deals["seat"], np.full(len(lost), staff.eve_left)) == EVE
    hers &= staff.seats.holding(deals["seat"], deals["created"] // DAY) == EVE
    hers &= (deals["created"] < left) & (closed > left) & (forgotten == MISSING)
    # Nearest to her leaving first: those nobody else had heard of yet.
    chosen = np.flatnonzero(hers)
    chosen = chosen[np.argsort(-deals["created"][chosen], kind="stable")][:7]
    forgotten[chosen] = left + 16 * 3600
    return forgotten
