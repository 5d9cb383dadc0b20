"""What people do: touches with buyers, hours by the week, use of tools."""

from __future__ import annotations

import numpy as np

from geartrain.sample.company import LOW_TIME_TEAM, REGIONS, SOURCES
from geartrain.sample.history import Standing
from geartrain.sample.people import Staff
from geartrain.sample.tables import Columns, Table, ids, labels, order, repeat, stack, take, texts
from geartrain.sample.world import DAY, MISSING, Array, World, pick

KINDS = ("campaign response", "web", "email", "call", "meeting", "event")
RESPONSE, WEB, EMAIL, CALL, MEETING, EVENT = range(6)

CATEGORIES = (
    "Customer meetings", "Customer calls", "Preparation", "Proposals", "Internal meetings", "Admin", "Travel",
    "Training",
)  # fmt: skip
WEEK = np.array([0.19, 0.165, 0.15, 0.075, 0.125, 0.155, 0.07, 0.07])  # a seller's hours by category
TILT = {"sdr": (0.3, 2.1, 1.0, 0.2, 0.9, 0.9, 0.05, 1.0), "solution_engineer": (1.2, 0.6, 1.9, 1.4, 0.9, 0.5, 1.0, 0.9)}
SHORT = np.array([0.62, 0.58, 0.95, 1.1, 1.5, 1.62, 1.15, 1.0])  # the team with little selling time

# (tool, features, share of people who use it, uses a week, growth of adoption a year)
TOOLS = (
    ("CRM", ("Opportunities", "Reports", "Forecast", "Accounts"), 0.97, 1.6, 0.0),
    ("Engagement", ("Sequences", "Dialer", "Templates"), 0.62, 1.1, 0.07),
    ("Call insights", ("Recordings", "Coaching"), 0.25, 0.9, 0.16),
    ("CPQ", ("Quotes", "Approvals"), 0.7, 0.6, 0.02),
    ("Data", ("Enrichment", "Intent"), 0.35, 0.5, 0.04),
)


def touch_table(
    world: World, staff: Staff, leads: Columns, deals: Columns, *,
    standing: Standing, lead_owner: Array, campaign: Array, lead_rows: tuple[Array, Array],
) -> Table:  # fmt: skip
    """The `touch` records of leads up to their conversion and of deals up to their closing, in the order of time.

    Args:
        lead_owner: The id of the owner of each lead, None for none.
        campaign: The campaign of each lead, -1 for none.
        lead_rows: The account and the deal of each lead, -1 for none.
    """
    rng = world.stream("touches")
    parts = [
        _by_marketing(world, rng, leads, campaign, lead_rows[0]),
        _by_sdr(world, rng, leads, lead_owner, lead_rows[0]),
        _on_deals(world, rng, staff, deals, standing),
        _around_deals(world, rng, deals),
    ]
    rows = stack(parts)
    rows = take(rows, (rows["occurred_at"] <= world.now) & (rows["occurred_at"] >= world.start * DAY))
    rows = take(rows, np.lexsort([rows["deal"], rows["lead"], rows["occurred_at"]]))
    columns = {
        "touch_id": ids("T", np.arange(1, len(rows["lead"]) + 1)), "occurred_at": rows["occurred_at"],
        "kind": labels(KINDS, rows["kind"]), "function": labels(("marketing", "sales"), rows["function"]),
        "lead_id": ids("L", np.where(rows["lead"] < 0, -1, rows["lead"] + 1)),
        "account_id": ids("A", np.where(rows["account"] < 0, -1, rows["account"] + 1), 5),
        "opportunity_id": ids("O", np.where(rows["deal"] < 0, -1, rows["deal"] + 1)), "user_id": rows["user"],
        "campaign_id": ids("C", np.where(rows["campaign"] < 0, -1, rows["campaign"] + 1), 4),
        "duration_minutes": rows["minutes"], "inbound": rows["inbound"],
    }  # fmt: skip
    return Table("touch", columns, digits={"duration_minutes": 0})


def _touches(at: Array, kind: Array, function: int, **given: Array) -> Columns:
    """Rows of touches; what is not given is empty."""
    count = len(at)
    none = {name: np.full(count, -1) for name in ("lead", "account", "deal", "campaign")}
    rest = {"user": texts([None] * count), "minutes": np.full(count, MISSING), "inbound": np.zeros(count, dtype=bool)}
    return {"occurred_at": at, "kind": kind, "function": np.full(count, function), **none, **rest, **given}


def _by_marketing(world: World, rng: np.random.Generator, leads: Columns, campaign: Array, account: Array) -> Columns:
    """The touch that made the lead, and those that warmed it: more for leads that went far."""
    last = np.maximum.reduce([leads["mql"], leads["sql"], leads["converted"]])
    reached = [leads["converted"] != MISSING, leads["sal"] != MISSING, leads["mql"] != MISSING]
    mean = np.select(reached, [3.6, 2.3, 0.9], 0.2)
    theirs = np.isin(leads["function"], [1, 2])
    lead, nth = repeat(rng.poisson(mean * np.where(theirs, 0.55, 1.0)) + ~theirs)
    span = np.where(last != MISSING, last - leads["created"], 12 * DAY)[lead]
    at = leads["created"][lead] + np.where((nth == 0) & ~theirs[lead], 0, rng.random(len(lead)) * span).astype(np.int64)
    made_by = np.array([RESPONSE if n in (1, 2, 4) else EVENT if n == 3 else WEB for n in range(len(SOURCES))])
    kind = np.where(nth == 0, made_by[leads["source"]][lead], pick(rng, np.array([20, 38, 32, 0, 0, 10]), len(lead)))
    inbound = np.isin(kind, [RESPONSE, WEB, EVENT]) | (rng.random(len(lead)) < 0.2)
    linked = np.where(np.isin(kind, [RESPONSE, EVENT]), campaign[lead], -1)
    known = np.where(rng.random(len(lead)) < 0.7, account[lead], -1)
    return _touches(at, kind, 0, lead=lead, account=known, campaign=linked, inbound=inbound)


def _by_sdr(world: World, rng: np.random.Generator, leads: Columns, owner: Array, account: Array) -> Columns:
    """The first answer to a lead and what followed up to its conversion or rejection."""
    touched = leads["touched"] != MISSING
    mean = np.select([leads["converted"] != MISSING, leads["sal"] != MISSING], [3.2, 1.8], 0.7)
    lead, nth = repeat(np.where(touched, 1 + rng.poisson(mean), 0))
    ends = np.maximum.reduce([leads["converted"], leads["rejected"], leads["sql"], leads["sal"]])
    ends = np.where(ends > leads["touched"], ends, leads["touched"] + 6 * DAY)[lead]
    first = leads["touched"][lead]
    at = first + np.where(nth == 0, 0, rng.random(len(lead)) * (ends - first)).astype(np.int64)
    kind = np.where(nth == 0, pick(rng, np.array([0, 0, 55, 45, 0, 0]), len(lead)),
                    pick(rng, np.array([0, 0, 44, 34, 22, 0]), len(lead)))  # fmt: skip
    return _touches(
        at, kind, 1, lead=lead, account=np.where(kind == MEETING, account[lead], -1), user=owner[lead],
        minutes=_minutes(rng, kind), inbound=(kind == EMAIL) & (nth > 0) & (rng.random(len(lead)) < 0.35),
    )  # fmt: skip


def _on_deals(world: World, rng: np.random.Generator, staff: Staff, deals: Columns, standing: Standing) -> Columns:
    """What the owner of a deal does on it: more the further it gets."""
    start, end = deals["created"], np.where(deals["closed"] != MISSING, deals["closed"], world.now)
    end = np.where(deals["forgotten"] != MISSING, deals["forgotten"], end)
    mean = 1.2 + 1.1 * (deals["last"] + deals["is_won"]) * np.array([1.35, 1.0, 0.75])[deals["segment"]]
    deal, _ = repeat(rng.poisson(mean))
    at = start[deal] + (rng.random(len(deal)) * (end - start)[deal]).astype(np.int64)
    kind = pick(rng, np.array([0, 0, 38, 30, 32, 0]), len(deal))
    name = staff.column("user_id")[standing.working(deal, at)]
    name[rng.random(len(deal)) < 0.01] = None  # a shared mailbox
    return _touches(
        at, kind, 1, deal=deal, account=deals["account"][deal], user=name, minutes=_minutes(rng, kind),
        inbound=(kind == EMAIL) & (rng.random(len(deal)) < 0.42),
    )  # fmt: skip


def _around_deals(world: World, rng: np.random.Generator, deals: Columns) -> Columns:
    """Marketing reaches accounts that have a deal, before it and during it."""
    deal, _ = repeat(rng.poisson(0.22, len(deals["seat"])))
    at = deals["created"][deal] + (rng.normal(-10, 30, len(deal)) * DAY).astype(np.int64)
    kind = pick(rng, np.array([30, 30, 20, 0, 0, 20]), len(deal))
    return _touches(at, kind, 0, account=deals["account"][deal], inbound=kind != EMAIL)


def _minutes(rng: np.random.Generator, kind: Array) -> Array:
    """Meetings take half an hour to an hour and a half; a third of the calls reach nobody."""
    count = len(kind)
    meeting = np.array([30, 45, 60, 90])[pick(rng, np.array([38, 22, 32, 8]), count)]
    call = np.where(rng.random(count) < 0.35, 0, rng.integers(3, 34, count))
    return np.select([kind == MEETING, kind == CALL], [meeting, call], MISSING)


def _weeks(world: World, staff: Staff, jobs: tuple[str, ...]) -> tuple[Array, Array]:
    """(user, Monday) of every week each of them was with the company within the history."""
    users = np.array(sorted(u for job in jobs for u in staff.working(job)))
    mondays = np.arange(world.start - (world.start + 3) % 7, world.today - 4, 7)
    mondays = mondays[mondays >= world.start]
    user, week = np.repeat(users, len(mondays)), np.tile(mondays, len(users))
    left = staff.column("end_date")[user]
    here = (week >= staff.column("start_date")[user]) & ((left == MISSING) | (week <= left))
    return user[here], week[here]


def time_table(world: World, staff: Staff) -> Table:
    """The `time_entry` records of those who sell, by week and category."""
    rng = world.stream("time")
    user, week = _weeks(world, staff, ("account_executive", "sdr", "solution_engineer"))
    kept = rng.random(len(user)) > 0.075  # weeks off
    user, week = user[kept], week[kept]
    mix = np.tile(WEEK, (len(user), 1))
    job = staff.column("role")[user]
    for name, tilt in TILT.items():
        mix[job == name] *= tilt
    short = (staff.column("region")[user] == LOW_TIME_TEAM[0]) & (staff.column("segment")[user] == LOW_TIME_TEAM[1])
    mix[short] *= SHORT
    years = np.clip(world.age(week), 0, 6)[:, None]
    mix *= 1 + years * np.array([0.035, 0.03, 0, 0, -0.02, -0.035, 0, 0])
    ramp = staff.ramp(user, week)[:, None]
    mix *= 1 + (1 - ramp) * np.array([-0.3, -0.3, 0.2, -0.3, 0.5, 0, 0, 5.0])
    mix *= np.exp(rng.normal(0, 0.28, mix.shape))
    total = rng.normal(42, 2.6, len(user)) * staff.column("fte")[user] / 100
    hours = np.round(mix / mix.sum(axis=1, keepdims=True) * total[:, None] * 4).astype(np.int64) * 25
    row, column = np.nonzero(hours)
    columns = {
        "user_id": staff.column("user_id")[user[row]], "week": week[row], "category": labels(CATEGORIES, column),
        "hours": hours[row, column],
    }  # fmt: skip
    table = Table("time_entry", columns, digits={"hours": 2})
    order(table, "week", "user_id", "category")
    return table


def tool_table(world: World, staff: Staff) -> Table:
    """The `tool_use` records: some tools are everybody's, some are taken up over the years."""
    rng = world.stream("tools")
    jobs = ("account_executive", "sdr", "sales_manager", "solution_engineer", "revops", "head_of_sales")
    user, week = _weeks(world, staff, jobs)
    taste = rng.random((len(staff.rows), len(TOOLS)))
    zone = np.array([REGIONS.index(str(r["region"])) if r["region"] in REGIONS else 0 for r in staff.rows])
    parts = []
    for n, (_, features, share, often, growth) in enumerate(TOOLS):
        takes = taste[user, n] < share + growth * np.clip(world.age(week), 0, 6)
        row, _ = repeat(np.where(takes, rng.poisson(often, len(user)), 0))
        day = week[row] + rng.integers(0, 5, len(row))
        hour = np.array([13.5, 16.5, 8.0])[zone[user[row]]] + rng.random(len(row)) * 7
        feature = pick(rng, np.arange(len(features), 0, -1).astype(float), len(row))
        parts.append({
            "tool": np.full(len(row), n), "user": user[row], "at": day * DAY + (hour * 3600).astype(np.int64),
            "feature": labels(features, feature),
        })  # fmt: skip
    rows = stack(parts)
    rows = take(rows, rows["at"] <= world.now)
    rows = take(rows, np.lexsort([rows["tool"], rows["user"], rows["at"]]))
    key = np.stack([rows["at"], rows["user"], rows["tool"]])
    rows = take(rows, np.concatenate([[True], (key[:, 1:] != key[:, :-1]).any(axis=0)]))
    columns = {
        "tool": labels([t[0] for t in TOOLS], rows["tool"]), "user_id": staff.column("user_id")[rows["user"]],
        "occurred_at": rows["at"], "feature": rows["feature"],
    }  # fmt: skip
    return Table("tool_use", columns)
