"""The history of deals: every change of stage, amount, close date, owner and forecast category, and where it ends."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from geartrain.sample.company import LOST, STAGES, WON
from geartrain.sample.people import EVE, GRACE, Staff, user_id
from geartrain.sample.tables import Columns, Table, ids, labels, only, order, texts
from geartrain.sample.world import DAY, MISSING, Array, World, in_hours, pick, quarter_end, working

FIELDS = ("stage", "amount", "close_date", "owner_id", "forecast_category")
STAGE, AMOUNT, CLOSE_DATE, OWNER, CATEGORY = range(5)
CATEGORIES = ("Pipeline", "Best Case", "Commit", "Closed", "Omitted")
# Chance of each category (Pipeline, Best Case, Commit) on entering a stage.
CATEGORY_BY_STAGE = np.array([[97, 3, 0], [88, 12, 0], [48, 47, 5], [14, 62, 24], [4, 26, 70]])
AMOUNT_MOVES = np.array([0.0, 0.3, 0.48, 0.55, 0.42])  # chance that entering a stage changes the amount


@dataclass
class Standing:
    """How deals stand at the end.

    Args:
        close_date: A day.
        owner: The number of the user who owns each.
        category: An index into CATEGORIES.
        opener: The number of the user who owned each at first.
        handed: The instant it was last given to another, MISSING for never.
    """

    close_date: Array
    owner: Array
    category: Array
    opener: Array
    handed: Array

    def working(self, deal: Array, at: Array) -> Array:
        """Who worked on each deal at an instant."""
        before = (self.handed[deal] == MISSING) | (at < self.handed[deal])
        return np.asarray(np.where(before, self.opener[deal], self.owner[deal]))


@dataclass
class _Log:
    """Changes as they are found."""

    parts: list[tuple[Array, Array, Array, Array, Array, Array]] = field(default_factory=list)

    def add(self, which: int, deal: Array, at: Array, old: Array, new: Array, by: Array) -> None:
        """Changes of one field."""
        self.parts.append((deal, at, np.full(len(deal), which), old, new, by))


def generate_history(world: World, staff: Staff, deals: Columns, amount: Array) -> tuple[Table, Standing]:
    """The `opportunity_change` records, those made at creation (old value empty) included, and how deals stand.

    Args:
        amount: In cents, as the deals end up.
    """
    rng, log = world.stream("history"), _Log()
    opener, owner, handed = _owners(world, rng, staff, deals, log)
    category = _stages(world, rng, deals, opener, log)
    _amounts(rng, deals, amount, opener, log)
    close_date = _close_dates(world, rng, deals, opener, log)
    deal, at, which, old, new, by = (np.concatenate([p[n] for p in log.parts]) for n in range(6))
    users = texts(user_id(n) for n in range(len(staff.rows)))
    table = Table(
        "opportunity_change",
        {
            "opportunity_id": ids("O", deal + 1), "changed_at": at, "field": labels(FIELDS, which), "old_value": old,
            "new_value": new, "changed_by": users[by],
        },
    )  # fmt: skip
    order(table, "changed_at", "opportunity_id", "field")
    return table, Standing(close_date, owner, category, opener, handed)


def _ends(world: World, deals: Columns) -> Array:
    """Until when anything happens to each deal."""
    end = np.where(deals["closed"] != MISSING, deals["closed"], world.now)
    return np.where(deals["forgotten"] != MISSING, deals["forgotten"], end)


def _owners(
    world: World, rng: np.random.Generator, staff: Staff, deals: Columns, log: _Log
) -> tuple[Array, Array, Array]:
    """Owners at creation, at the end, and when they last changed.

    A deal is of whoever holds the seat when it is created. When they leave, it goes to whoever holds the seat then; who
    covers a vacant seat keeps what he began. What Eve forgot stays hers.
    """
    seats, count = staff.seats, len(deals["seat"])
    users = texts(user_id(n) for n in range(len(staff.rows)))
    day = deals["created"] // DAY
    first = seats.holding(deals["seat"], day)
    log.add(OWNER, np.arange(count), deals["created"], texts([None] * count), users[first], first)
    current, handed = first.copy(), np.full(count, MISSING)
    end = np.where(deals["closed"] != MISSING, deals["closed"], world.now) // DAY
    left = staff.column("end_date")
    for leaver in np.flatnonzero(left != MISSING)[np.argsort(left[left != MISSING], kind="stable")].tolist():
        changed = int(left[leaver]) + 1
        rows = np.flatnonzero((current == leaver) & (day < changed) & (end > changed + 5))
        if leaver == EVE:
            rows = rows[deals["forgotten"][rows] == MISSING]
        at = in_hours(rng, working(np.full(len(rows), changed)), deals["region"][rows])
        follower = seats.holding(deals["seat"][rows], np.full(len(rows), changed))
        log.add(OWNER, rows, at, users[current[rows]], users[follower], np.full(len(rows), GRACE))
        current[rows], handed[rows] = follower, at
    return first, current, handed


def _stages(world: World, rng: np.random.Generator, deals: Columns, by: Array, log: _Log) -> Array:
    """Logs stages and forecast categories; returns the last categories."""
    count, entered = len(by), deals["entered"]
    previous, category = np.full(count, -1), np.full(count, -1)
    for stage in range(5):
        rows = np.flatnonzero(entered[:, stage] != MISSING)
        at = entered[rows, stage]
        new = texts(STAGES)[np.full(len(rows), stage)]
        log.add(STAGE, rows, at, labels(STAGES, previous[rows]), new, by[rows])
        previous[rows] = stage
        chosen = pick(rng, CATEGORY_BY_STAGE[stage].astype(float), len(rows))
        moved = chosen != category[rows]
        rows, at, chosen = rows[moved], at[moved], chosen[moved]
        log.add(CATEGORY, rows, at, labels(CATEGORIES, category[rows]), texts(CATEGORIES)[chosen], by[rows])
        category[rows] = chosen
        _second_thoughts(world, rng, deals, stage, category, by, log)
    _detours(world, rng, deals, by, log)
    rows = np.flatnonzero(deals["closed"] != MISSING)
    won = deals["is_won"][rows]
    at = deals["closed"][rows]
    log.add(STAGE, rows, at, labels(STAGES, previous[rows]), np.where(won, WON, LOST).astype(object), by[rows])
    ended = np.where(won, CATEGORIES.index("Closed"), CATEGORIES.index("Omitted"))
    log.add(CATEGORY, rows, at, labels(CATEGORIES, category[rows]), texts(CATEGORIES)[ended], by[rows])
    category[rows] = ended
    return category


def _second_thoughts(
    world: World, rng: np.random.Generator, deals: Columns, stage: int, category: Array, by: Array, log: _Log
) -> None:
    """Half way through a later stage, some owners call a deal better or worse than on entering it."""
    entered = deals["entered"]
    later = np.where(entered[:, stage + 1 :] == MISSING, np.iinfo(np.int64).max, entered[:, stage + 1 :])
    until = np.minimum(later.min(axis=1, initial=np.iinfo(np.int64).max), _ends(world, deals))
    room = until - entered[:, stage]
    rows = np.flatnonzero((entered[:, stage] != MISSING) & (room > 6 * DAY) & (rng.random(len(by)) < 0.09 * stage))
    new = np.where(category[rows] == 1, np.where(rng.random(len(rows)) < 0.65, 2, 0), 1)
    at = entered[rows, stage] + room[rows] // 2
    log.add(CATEGORY, rows, at, texts(CATEGORIES)[category[rows]], texts(CATEGORIES)[new], by[rows])
    category[rows] = new


def _detours(world: World, rng: np.random.Generator, deals: Columns, by: Array, log: _Log) -> None:
    """A few deals go back a stage and come forward again; fewer are closed as lost and reopened."""
    last, count = deals["last"], len(by)
    entered = deals["entered"][np.arange(count), last]
    room = _ends(world, deals) - entered
    luck = rng.random(count)
    for low, high, place in ((0.0, 0.03, None), (0.03, 0.04, LOST)):
        rows = np.flatnonzero((luck >= low) & (luck < high) & (room > 8 * DAY) & (last > 0))
        out, back = entered[rows] + room[rows] // 3, entered[rows] + room[rows] * 2 // 3
        here = texts(STAGES)[last[rows]]
        there = texts(STAGES)[last[rows] - 1] if place is None else texts([place] * len(rows))
        log.add(STAGE, rows, out, here, there, by[rows])
        log.add(STAGE, rows, back, there, here, by[rows])


def _amounts(rng: np.random.Generator, deals: Columns, amount: Array, by: Array, log: _Log) -> None:
    """Works back from the last amount: entering a stage may have changed it, more often down than up."""
    count, entered = len(by), deals["entered"]
    value = amount.copy()
    moves = (entered != MISSING) & (rng.random((count, 5)) < AMOUNT_MOVES)
    unknown = moves.any(axis=1) & (rng.random(count) < 0.08)
    for stage in range(4, 0, -1):
        rows = np.flatnonzero(moves[:, stage])
        before = value[rows] * np.exp(rng.normal(0.05, 0.16, len(rows)))
        before = np.maximum((before / 10_000).astype(np.int64), 1) * 10_000  # typed by hand, in whole hundreds
        moved = before != value[rows]
        rows, before = rows[moved], before[moved]
        first = unknown[rows] & ~moves[rows, 1:stage].any(axis=1)
        old = only(money_text(before), ~first)
        log.add(AMOUNT, rows, entered[rows, stage], old, money_text(value[rows]), by[rows])
        value[rows] = before
        unknown[rows] &= ~first
        settled = rows[first]
        value[settled] = -1
    known = np.flatnonzero(value >= 0)
    log.add(AMOUNT, known, deals["created"][known], texts([None] * len(known)), money_text(value[known]), by[known])


def _close_dates(world: World, rng: np.random.Generator, deals: Columns, by: Array, log: _Log) -> Array:
    """Pushes as the date comes near while the deal is open; the day itself on closing. Returns the last dates."""
    count = len(by)
    current = np.maximum(deals["expected"], deals["created"] // DAY + 5)
    end = _ends(world, deals)
    log.add(CLOSE_DATE, np.arange(count), deals["created"], texts([None] * count), day_text(current), by)
    touched = deals["created"].copy()
    due = np.flatnonzero(current < end // DAY)
    while len(due):
        day = working(current[due] - rng.integers(0, 6, len(due)))
        at = in_hours(rng, day, deals["region"][due])
        at = np.minimum(np.maximum(at, touched[due] + 7200), end[due] - 1800)
        due, at = due[at > touched[due]], at[at > touched[due]]
        later = np.maximum(current[due], at // DAY) + rng.integers(14, 50, len(due))
        later = np.where(rng.random(len(due)) < 0.35, quarter_end(later), later)
        log.add(CLOSE_DATE, due, at, day_text(current[due]), day_text(later), by[due])
        touched[due], current[due] = at, later
        due = due[later < end[due] // DAY]
    closed = np.flatnonzero(deals["closed"] != MISSING)
    actual = deals["closed"][closed] // DAY
    moved = current[closed] != actual
    rows, actual = closed[moved], actual[moved]
    log.add(CLOSE_DATE, rows, deals["closed"][rows], day_text(current[rows]), day_text(actual), by[rows])
    current[rows] = actual
    return np.asarray(current)


def money_text(cents: Array) -> Array:
    """Amounts as text, two decimals."""
    return texts(f"{c // 100}.{c % 100:02d}" for c in cents.tolist())


def day_text(days: Array) -> Array:
    """Days as ISO dates."""
    return texts(str(day) for day in days.astype("datetime64[D]").tolist())
