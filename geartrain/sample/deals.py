"""Deals: where they come from, what they aim at, and the contracts that bring the next ones."""

from __future__ import annotations

import numpy as np

from geartrain.sample.company import (
    DIRECT_SOURCES,
    EXPANSION,
    NEW,
    RENEWAL,
    SEGMENT,
    SEGMENTS,
    SOURCES,
    SUCCESS,
)
from geartrain.sample.outcomes import play
from geartrain.sample.people import Staff
from geartrain.sample.tables import Columns, Progress, repeat, stack, take
from geartrain.sample.world import DAY, MISSING, Array, World, demand, in_hours, pick, working

SOURCE_LABELS = (*(s[0] for s in SOURCES), "Customer referral", "Customer success", "Renewal")
EXPANDS, RENEWS = SOURCE_LABELS.index("Customer success"), SOURCE_LABELS.index("Renewal")
NOTICE = 100  # days before a contract ends on which its renewal is opened
TERMS = np.array([12, 24, 36])
TERM_FACTOR = np.array([1.0, 1.85, 2.6])  # what a term multiplies the yearly amount by: long ones are cheaper
WAVES = 60


def generate_deals(world: World, staff: Staff, accounts: Columns, leads: Columns, progress: Progress) -> Columns:
    """Every deal that was not closed before the history begins, oldest first.

    Columns: seat, account, region, segment, type, source, function, lead (-1 for none), created, annual and term (what
    it aims at, USD a year and an index into TERMS), renews_on (the last day of the contract it renews, else MISSING),
    ends_with (the last day of the contract it is added to, else MISSING), and what `play` adds.
    """
    rng = world.stream("deals")
    fresh = stack([_from_leads(rng, accounts, leads), _direct(world, rng, accounts, staff)])
    fresh["type"] = np.where(accounts["is_legacy"][fresh["account"]], EXPANSION, NEW)
    played = play(world, rng, staff, _aimed(world, rng, accounts, fresh), forget=True)
    done, contracts = [played], stack([_legacy(world, rng, accounts), _signed(played)])
    for _ in range(WAVES):
        following = _following(world, rng, accounts, contracts)
        if not len(following["seat"]):
            break
        done.append(play(world, rng, staff, following))
        contracts = _signed(done[-1])
        progress("Simulating deals", sum(len(d["seat"]) for d in done))
    deals = stack(done)
    deals = take(deals, (deals["closed"] == MISSING) | (deals["closed"] >= world.start * DAY))
    deals = take(deals, np.lexsort([deals["account"], deals["created"]]))
    deals["type"] = _retyped(deals, len(accounts["seat"]))
    return deals


def _from_leads(rng: np.random.Generator, accounts: Columns, leads: Columns) -> Columns:
    rows = np.flatnonzero(leads["converted"] != MISSING)
    seat = leads["seat"][rows]
    return {
        "seat": seat, "account": _account_of(rng, accounts, seat), "source": leads["source"][rows],
        "function": leads["function"][rows], "lead": rows, "created": leads["converted"][rows],
    }  # fmt: skip


def _direct(world: World, rng: np.random.Generator, accounts: Columns, staff: Staff) -> Columns:
    """Deals that sellers, partners and customers bring without a lead; fewer while a seller ramps."""
    seats = staff.seats
    per_year = np.array([SEGMENT[s].direct for s in SEGMENTS])[seats.segment].astype(float)
    count = int(rng.poisson(per_year.sum() * world.span))
    day = working(pick(rng, demand(world), count) + world.opening)
    seat = pick(rng, per_year, count)
    kept = (rng.random(count) < staff.ramp(seats.holding(seat, day), day)) & (day <= world.today)
    day, seat = day[kept], seat[kept]
    kind = pick(rng, np.array([0.62, 0.2, 0.18]), len(day))
    label = np.array([SOURCE_LABELS.index(s[0]) for s in DIRECT_SOURCES])
    return {
        "seat": seat, "account": _account_of(rng, accounts, seat), "source": label[kind],
        "function": np.array([s[1] for s in DIRECT_SOURCES])[kind], "lead": np.full(len(day), -1),
        "created": in_hours(rng, day, seats.region[seat]),
    }  # fmt: skip


def _account_of(rng: np.random.Generator, accounts: Columns, seat: Array) -> Array:
    """An account of each seat; where it was a customer already, draw once more."""
    first = np.searchsorted(accounts["seat"], seat, side="left")
    after = np.searchsorted(accounts["seat"], seat, side="right")
    drawn, again = (first + (rng.random(len(seat)) * (after - first)).astype(np.int64) for _ in range(2))
    return np.where(accounts["is_legacy"][drawn], again, drawn)


def _aimed(world: World, rng: np.random.Generator, accounts: Columns, deals: Columns) -> Columns:
    """New and expansion deals with the yearly amount and the term they aim at."""
    count, segment = len(deals["seat"]), accounts["segment"][deals["account"]]
    median = np.array([SEGMENT[s].amount for s in SEGMENTS])[segment]
    spread = np.array([SEGMENT[s].spread for s in SEGMENTS])[segment]
    annual = median * np.exp(rng.normal(0, 1, count) * spread + 0.03 * world.age(deals["created"] // DAY))
    annual *= np.where(deals["type"] == EXPANSION, 0.45, 1.0)
    term = np.where(deals["type"] == NEW, pick(rng, np.array([0.8, 0.14, 0.06]), count), 0)
    return _complete(accounts, {**deals, "annual": annual, "term": term, **_alone(count)})


def _alone(count: int) -> Columns:
    """Of a deal that has to do with no contract."""
    return {"renews_on": np.full(count, MISSING), "ends_with": np.full(count, MISSING)}


def _complete(accounts: Columns, deals: Columns) -> Columns:
    account = deals["account"]
    return {**deals, "region": accounts["region"][account], "segment": accounts["segment"][account]}


def _legacy(world: World, rng: np.random.Generator, accounts: Columns) -> Columns:
    """The contracts of those who were customers before: each ends some time in the first simulated year."""
    rows = np.flatnonzero(accounts["is_legacy"])
    segment = accounts["segment"][rows]
    median = np.array([SEGMENT[s].amount for s in SEGMENTS])[segment] * 0.9
    ends = world.opening + NOTICE + 27 + rng.integers(0, 365, len(rows))
    return {
        "seat": accounts["seat"][rows], "account": rows, "begins": ends - 364, "ends": ends,
        "annual": median * np.exp(rng.normal(0, 0.4, len(rows))),
    }  # fmt: skip


def _signed(deals: Columns) -> Columns:
    """The contracts of the deals that were won, without those that end with another, whose renewal takes them over."""
    rows = np.flatnonzero(deals["is_won"] & (deals["ends_with"] == MISSING))
    return {name: deals[name][rows] for name in ("seat", "account", "begins", "ends", "annual")}


def _following(world: World, rng: np.random.Generator, accounts: Columns, contracts: Columns) -> Columns:
    """The renewal of each contract and its expansions while it runs, as far as they are opened by the last day."""
    count = len(contracts["seat"])
    opened = contracts["ends"] - NOTICE - rng.integers(0, 25, count)
    renewal = {**_from_contract(contracts, np.arange(count)), "type": np.full(count, RENEWAL)}
    renewal |= _alone(count) | {"day": opened, "source": np.full(count, RENEWS), "renews_on": contracts["ends"]}
    renewal["annual"] = contracts["annual"] * np.exp(rng.normal(0.06, 0.07, count))
    renewal["term"] = pick(rng, np.array([0.86, 0.1, 0.04]), count)
    length = contracts["ends"] - contracts["begins"] + 1
    parent, _ = repeat(rng.poisson(0.34 * length / 365))
    more = {**_from_contract(contracts, parent), "type": np.full(len(parent), EXPANSION)}
    more["day"] = contracts["begins"][parent] + 45 + (rng.random(len(parent)) * (length[parent] - 90)).astype(np.int64)
    more |= _alone(len(parent)) | {"source": np.full(len(parent), EXPANDS), "ends_with": contracts["ends"][parent]}
    more["annual"] = contracts["annual"][parent] * np.exp(rng.normal(-1.0, 0.4, len(parent)))
    more["term"] = np.zeros(len(parent), dtype=np.int64)
    both = stack([renewal, more])
    day = working(both.pop("day"))
    both["created"] = in_hours(rng, day, accounts["region"][both["account"]])
    kept = (both["created"] <= world.now) & (day >= world.opening)
    return _complete(accounts, take(both, kept))


def _from_contract(contracts: Columns, rows: Array) -> Columns:
    return {
        "seat": contracts["seat"][rows], "account": contracts["account"][rows], "lead": np.full(len(rows), -1),
        "function": np.full(len(rows), SUCCESS),
    }  # fmt: skip


def _retyped(deals: Columns, accounts: int) -> Array:
    """A deal opened after its account's first win is no new business, however it was found."""
    first = first_wins(deals, accounts)[deals["account"]]
    return np.where((deals["type"] == NEW) & (deals["created"] > first), EXPANSION, deals["type"])


def first_wins(deals: Columns, accounts: int) -> Array:
    """The instant of each account's first win within the history; the greatest number for none."""
    first = np.full(accounts, np.iinfo(np.int64).max)
    won = deals["is_won"]
    np.minimum.at(first, deals["account"][won], deals["closed"][won])
    return first
