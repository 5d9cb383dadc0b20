"""The accounts: each belongs to a seat, and so to a region, a segment and whoever holds the seat."""

from __future__ import annotations

import numpy as np

from geartrain.sample.company import REGIONS, SEGMENT, SEGMENTS
from geartrain.sample.names import BUSINESS, COMPANY, CURRENCIES, INDUSTRIES, LANGUAGES, LEGAL, PLACES
from geartrain.sample.people import Seats, Staff
from geartrain.sample.tables import Columns, Table, ids, labels, texts
from geartrain.sample.world import DAY, MISSING, Array, World, in_hours, pick, working

LEGACY = 0.19  # share of the accounts that were customers before the history begins
CURRENCY_NAMES = ("USD", "EUR", "GBP")


def found(world: World, seats: Seats) -> Columns:
    """Accounts as columns: seat, region, segment, place, currency, employees, created (an instant), parent, is_legacy.

    Sorted by seat, so that the accounts of a seat stand beside each other.
    """
    rng = world.stream("accounts")
    per_seat = np.array([SEGMENT[s].accounts for s in SEGMENTS])[seats.segment]
    seat = np.repeat(np.arange(len(seats)), per_seat)
    count = len(seat)
    region = seats.region[seat]
    # Most accounts of a seat are of its segment; a few have grown out of it or not yet into it.
    drift = pick(rng, np.array([0.06, 0.88, 0.06]), count) - 1
    segment = np.clip(seats.segment[seat] + drift, 0, 2)
    spots = np.array([len(p) for p in PLACES])
    place = (rng.random(count) ** 1.4 * spots[region]).astype(np.int64)
    currency = _currencies(rng, region, place)
    size = np.exp(rng.normal(np.array([8.3, 6.2, 4.2])[segment], 0.55))
    birth = world.opening - rng.integers(0, 1400, count)
    late = rng.random(count) < 0.45
    birth = np.where(late, world.opening + rng.integers(0, 240, count), birth)
    return {
        "seat": seat, "region": region, "segment": segment, "place": place, "currency": currency,
        "employees": np.maximum(size, 8).astype(np.int64), "created": in_hours(rng, working(birth), region),
        "parent": _parents(rng, segment, region), "is_legacy": ~late & (rng.random(count) < LEGACY / 0.55),
    }  # fmt: skip


def _currencies(rng: np.random.Generator, region: Array, place: Array) -> Array:
    """Index into CURRENCY_NAMES: of Europe's accounts, three in four buy in their own."""
    local = np.array(
        [[CURRENCY_NAMES.index(CURRENCIES[spots[min(n, len(spots) - 1)][0]]) for n in range(10)] for spots in PLACES]
    )
    return np.where(rng.random(len(place)) < 0.75, local[region, place], 0)


def _parents(rng: np.random.Generator, segment: Array, region: Array) -> Array:
    """One in twenty accounts belongs to an enterprise of the region; -1 for none. Enterprises have no parent."""
    parent = np.full(len(segment), -1, dtype=np.int64)
    for n in range(len(REGIONS)):
        tops = np.flatnonzero((region == n) & (segment == 0))
        rows = np.flatnonzero((region == n) & (segment > 0) & (rng.random(len(segment)) < 0.05))
        if len(tops):
            parent[rows] = tops[rng.integers(0, len(tops), len(rows))]
    return parent


def company_names(world: World, region: Array, *, stream: str) -> Array:
    """Invented names, no two alike within 9,000 accounts."""
    rng = world.stream(stream)
    combos = len(COMPANY) * len(BUSINESS)
    order = np.concatenate([rng.permutation(combos) for _ in range(len(region) // combos + 1)])[: len(region)]
    form = rng.random(len(region))
    legal = [LEGAL[r][int(f * len(LEGAL[r]))] for r, f in zip(region.tolist(), form.tolist(), strict=True)]
    return texts(
        f"{COMPANY[c % len(COMPANY)]} {BUSINESS[c // len(COMPANY)]} {form}"
        for c, form in zip(order.tolist(), legal, strict=True)
    )


def account_table(world: World, accounts: Columns, staff: Staff, *, names: Array, first_won: Array) -> Table:
    """The `account` records, as they stand on the last day.

    Args:
        first_won: The instant of each account's first win, MISSING for none.
    """
    rng = world.stream("account_table")
    count = len(names)
    region, place = accounts["region"], accounts["place"]
    spot = [PLACES[r][p] for r, p in zip(region.tolist(), place.tolist(), strict=True)]
    partner = (first_won == MISSING) & (rng.random(count) < 0.015)
    kind = np.where(first_won != MISSING, 0, np.where(partner, 2, 1))
    revenue = accounts["employees"] * rng.integers(140, 320, count) * 1000
    potential = np.exp(rng.normal(np.log(np.array([260e3, 90e3, 28e3])[accounts["segment"]]), 0.5))
    owner = staff.seats.holding(accounts["seat"], np.full(count, world.today))
    near = rng.normal(0, 6000, (2, count)).astype(np.int64)
    columns = {
        "account_id": ids("A", np.arange(1, count + 1), 5),
        "name": names,
        "parent_account_id": ids("A", np.where(accounts["parent"] < 0, -1, accounts["parent"] + 1), 5),
        "type": labels(("customer", "prospect", "partner"), kind),
        "industry": labels(INDUSTRIES, pick(rng, np.array([30, 8, 14, 10, 9, 14, 9, 6]), count)),
        "segment": labels(SEGMENTS, accounts["segment"]),
        "region": labels(REGIONS, region),
        "country": texts(s[0] for s in spot),
        "state": texts(s[1] for s in spot),
        "postal_code": texts(s[2] for s in spot),
        "latitude": np.array([s[3] for s in spot]) + near[0],
        "longitude": np.array([s[4] for s in spot]) + near[1],
        "employees": accounts["employees"],
        "annual_revenue": revenue * 100,
        "potential": potential.astype(np.int64) // 1000 * 1000 * 100,
        "owner_id": staff.column("user_id")[owner],
        "language": texts(LANGUAGES[s[0]] for s in spot),
        "named": accounts["segment"] == 0,
        "created_at": np.minimum(accounts["created"], np.where(first_won == MISSING, world.now, first_won - 9 * DAY)),
        "first_won_at": first_won,
    }
    return Table("account", columns, digits={"latitude": 5, "longitude": 5})
