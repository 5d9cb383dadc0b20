"""Leads on their way from interest to an opportunity, and the campaigns that bring them."""

from __future__ import annotations

import numpy as np

from geartrain.sample.company import CHANNELS, FUNCTIONS, REGIONS, SEGMENT, SEGMENTS, SOURCES
from geartrain.sample.names import EMPLOYERS, FIRST, LAST, PLACES
from geartrain.sample.people import Seats, Staff
from geartrain.sample.tables import Columns, Table, ids, labels, only, take, texts
from geartrain.sample.world import (
    DAY,
    MISSING,
    OPENS,
    SHUTS,
    Array,
    World,
    as_date,
    demand,
    first_of_month,
    month_of,
    pick,
    working,
)

# Chance to become an MQL, of that to be accepted, of that to be qualified, of that to be converted; by function.
PASSES = np.array([[0.4, 0.62, 0.55, 0.84], [0.55, 0.7, 0.55, 0.85], [0.7, 0.8, 0.62, 0.86], [0.6, 0.8, 0.6, 0.86]])
REJECTIONS = ("No fit", "No budget", "Wrong contact", "Student or competitor", "No answer")


def campaign_table(world: World) -> Table:
    """Four campaigns a quarter, one by channel. Their cost is what marketing's programmes spent on them."""
    rng = world.stream("campaigns")
    months = np.unique(month_of(np.arange(world.start, world.today + 1)) // 3 * 3)
    count, channel = len(months) * len(CHANNELS), np.tile(np.arange(len(CHANNELS)), len(months))
    start = first_of_month(np.repeat(months, len(CHANNELS))) + rng.integers(0, 20, count)
    scale = world.sellers / 60
    cost = np.array([22_000, 16_000, 74_000, 48_000])[channel] * scale * np.exp(rng.normal(0, 0.15, count))
    quarters = [f"{as_date(d).year} Q{(as_date(d).month + 2) // 3}" for d in start.tolist()]
    named = [f"{CHANNELS[c]} {q}" for c, q in zip(channel.tolist(), quarters, strict=True)]
    return Table(
        "campaign",
        {
            "campaign_id": ids("C", np.arange(1, count + 1), 4), "name": texts(named),
            "channel": labels(CHANNELS, channel), "start_date": start, "end_date": start + 75,
            "cost": cost.astype(np.int64) * 100, "currency": texts(["USD"] * count),
        },
    )  # fmt: skip


def generate_leads(world: World, seats: Seats) -> Columns:
    """Leads from the opening on, oldest first: seats, sources and instants (MISSING where not reached)."""
    rng = world.stream("leads")
    per_year = np.array([SEGMENT[s].leads for s in SEGMENTS])[seats.segment]
    count = int(rng.poisson(per_year.sum() * world.span))
    day = np.sort(pick(rng, demand(world), count)) + world.opening
    seat = pick(rng, per_year.astype(float), count)
    region = seats.region[seat]
    source = pick(rng, np.array([s[2] for s in SOURCES]), count)
    function = np.array([s[1] for s in SOURCES])[source]
    # Interest comes at any hour; people answer in theirs.
    created = day * DAY + (rng.beta(3, 2.2, count) * 86_000).astype(np.int64)
    steps = _steps(world, rng, created, source, region)
    lead = {"seat": seat, "region": region, "source": source, "function": function, "created": created, **steps}
    lead["email_open"] = rng.random(count)
    return take(lead, np.lexsort([created]))


def _steps(world: World, rng: np.random.Generator, created: Array, source: Array, region: Array) -> Columns:
    """The instants of each step; a lead that fails one takes none after it."""
    count = len(created)
    function = np.array([s[1] for s in SOURCES])[source]
    years = world.age(created // DAY)
    chance = PASSES[function].copy()
    chance[:, 1] *= np.where(region == 2, 0.9, 1.0)
    chance[:, 1:3] *= (1 + 0.02 * np.clip(years, -1, 5))[:, None]
    passed = np.cumprod(rng.random((count, 4)) < chance, axis=1).astype(bool)
    # Who reads or listens is warmed up for a week or two; who asks is looked at the same day.
    nurtured = np.isin(source, [n for n, s in enumerate(SOURCES) if s[0] in ("Webinar", "Content", "Event")])
    mql = _after(rng, created, rng.exponential(np.where(nurtured, 9.0, 0.25)), region)
    called = ~passed[:, 0] & (rng.random(count) < np.where(nurtured, 0.1, 0.7))
    mql = np.where(called, created, mql)
    # Sales answers faster every year, and slowest in Europe.
    speed = np.where(region == 2, 26.0, 15.0) * np.exp(-0.22 * np.clip(years, 0, 6))
    assigned = mql + rng.integers(60, 1500, count)
    touched = _after(rng, assigned, rng.exponential(speed) / 24, region)
    sal = _after(rng, touched, rng.exponential(1.4, count), region)
    sql = _after(rng, sal, rng.gamma(2.0, 3.2, count), region)
    converted = _after(rng, sql, rng.exponential(1.8, count), region)
    turned = _after(rng, touched, rng.gamma(2.0, 4.0, count), region)
    no = passed[:, 0] & ~passed[:, 2] & (rng.random(count) < 0.8)

    def known(instants: Array, where: Array) -> Array:
        return np.where(where & (instants <= world.now), instants, MISSING)

    rejected = known(np.where(passed[:, 1], sal + turned - touched, turned), no)
    recycled = known(rejected + 30 * DAY, (rejected != MISSING) & (rng.random(count) < 0.25))
    return {
        "mql": known(mql, passed[:, 0]),
        "assigned": known(assigned, passed[:, 0] | called),
        "touched": known(touched, passed[:, 0] | called),
        "sal": known(sal, passed[:, 1]), "sql": known(sql, passed[:, 2]),
        "converted": known(converted, passed[:, 3]), "rejected": rejected, "recycled": recycled,
    }  # fmt: skip


def _after(rng: np.random.Generator, before: Array, days: Array, region: Array) -> Array:
    """An instant so many days later; outside working hours, within the first hour of the next working day."""
    at = before + (days * DAY).astype(np.int64)
    day, hour = at // DAY, at % DAY / 3600
    day = np.where(hour > SHUTS[region], day + 1, day)
    inside = (hour >= OPENS[region]) & (hour <= SHUTS[region]) & (working(day) == day)
    opened = working(day) * DAY + ((OPENS[region] + rng.random(len(before))) * 3600).astype(np.int64)
    return np.where(inside, at, np.maximum(opened, before + 60))


def choose_campaigns(world: World, leads: Columns, campaigns: Table) -> Array:
    """Per lead the campaign that brought it, by its channel and quarter; -1 for none."""
    channel = np.array([CHANNELS.index(s[0]) if s[0] in CHANNELS else -1 for s in SOURCES])[leads["source"]]
    quarter = month_of(leads["created"] // DAY) // 3 - month_of(np.array([world.start]))[0] // 3
    index = quarter * len(CHANNELS) + channel
    found = (channel >= 0) & (quarter >= 0) & (index < len(campaigns))
    return np.where(found, index, -1)


def lead_table(
    world: World, leads: Columns, staff: Staff, *, campaign: Array, names: Array, account: Array, opportunity: Array
) -> Table:
    """The `lead` records.

    Args:
        campaign: Of each lead, -1 for none.
        names: Of the accounts.
        account, opportunity: Numbers of what each lead became, -1 for nothing.
    """
    rng = world.stream("lead_table")
    count, region = len(campaign), leads["region"]
    place = (leads["email_open"] * np.array([len(p) for p in PLACES])[region]).astype(np.int64)
    spot = [PLACES[r][p][0] for r, p in zip(region.tolist(), place.tolist(), strict=True)]
    # Who was not converted may be of an account all the same; nobody has said so.
    guess = np.where(account >= 0, account, rng.integers(0, len(names), count))
    company = names[guess]
    sdrs = [np.array([n for n in staff.working("sdr") if staff.rows[n]["region"] == r]) for r in REGIONS]
    owner = np.array([sdrs[r][int(u * len(sdrs[r]))] for r, u in zip(region, rng.random(count), strict=True)])
    routed = (leads["mql"] != MISSING) | (leads["assigned"] != MISSING)
    first, last = rng.integers(0, len(FIRST), count), rng.integers(0, len(LAST), count)
    host = [f"{c.split()[0]}{c.split()[1]}".lower() if len(c.split()) > 1 else EMPLOYERS[0] for c in company]
    mail = [f"{FIRST[f]}.{LAST[n]}@{h}.example".lower() for f, n, h in zip(first, last, host, strict=True)]
    reason = np.where(leads["rejected"] != MISSING, pick(rng, np.array([30, 18, 22, 8, 22]), count), -1)
    return Table(
        "lead",
        {
            "lead_id": ids("L", np.arange(1, count + 1)), "email": texts(mail), "company": company,
            "country": texts(spot), "region": labels(REGIONS, region),
            "source": labels([s[0] for s in SOURCES], leads["source"]),
            "source_function": labels(FUNCTIONS, leads["function"]),
            "campaign_id": ids("C", np.where(campaign < 0, -1, campaign + 1), 4),
            "created_at": leads["created"], "mql_at": leads["mql"], "sal_at": leads["sal"], "sql_at": leads["sql"],
            "rejected_at": leads["rejected"], "reject_reason": labels(REJECTIONS, reason),
            "recycled_at": leads["recycled"], "converted_at": leads["converted"],
            "account_id": ids("A", np.where(account < 0, -1, account + 1), 5),
            "opportunity_id": ids("O", np.where(opportunity < 0, -1, opportunity + 1)),
            "owner_id": only(staff.column("user_id")[owner], routed),
            "assigned_at": leads["assigned"], "first_touch_at": leads["touched"],
        },
    )  # fmt: skip
