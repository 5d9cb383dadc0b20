"""Money around the deals: contracts, invoices, costs, exchange rates and quotas."""

from __future__ import annotations

import numpy as np

from geartrain.sample.accounts import CURRENCY_NAMES
from geartrain.sample.company import SEGMENTS
from geartrain.sample.people import RAMP_DAYS, Staff
from geartrain.sample.tables import Columns, Table, ids, labels, repeat, stack, take, texts
from geartrain.sample.world import (
    DAY,
    MISSING,
    Array,
    World,
    first_of_month,
    in_hours,
    month_of,
    pick,
    weekday,
    working,
)

NEGOTIATION = 4
RATES = {"EUR": 1.085, "GBP": 1.265}
STATES = ("active", "expired", "renewed", "in review")
KINDS = ("subscription", "one_time")


def contract_table(world: World, deals: Columns, amount: Array, currency: Array, legacy: Columns) -> Table:
    """The `contract` records: one for every won deal, drafts for some in negotiation, those from before the history.

    Args:
        amount: Of the deals in cents; the value of the contract.
        legacy: account, begins, ends (days), value (cents) and currency of contracts signed before.
    """
    rng = world.stream("contracts")
    drafts = (deals["closed"] == MISSING) & (deals["last"] == NEGOTIATION) & (rng.random(len(amount)) < 0.5)
    rows = np.flatnonzero(deals["is_won"] | drafts)
    draft = ~deals["is_won"][rows]
    signed = np.where(draft, MISSING, deals["closed"][rows])
    mine = {
        "account": deals["account"][rows], "deal": rows, "value": amount[rows], "currency": currency[rows],
        "begins": np.where(draft, MISSING, deals["begins"][rows]),
        "ends": np.where(draft, MISSING, deals["ends"][rows]),
        "signed": signed, "draft": draft, "once": (rng.random(len(rows)) < 0.05) & (deals["type"][rows] == 1),
    }  # fmt: skip
    before = {
        **{n: legacy[n] for n in ("account", "value", "currency", "begins", "ends")},
        "deal": np.full(len(legacy["account"]), -1), "signed": (legacy["begins"] - 9) * DAY + 15 * 3600,
        "draft": np.zeros(len(legacy["account"]), dtype=bool), "once": np.zeros(len(legacy["account"]), dtype=bool),
    }  # fmt: skip
    both = stack([before, mine])
    both = take(both, np.lexsort([both["deal"], both["account"], np.where(both["draft"], world.now, both["signed"])]))
    count = len(both["account"])
    renewed = _renewed(both, deals)
    over = (both["ends"] != MISSING) & (both["ends"] < world.today)
    state = np.select([both["draft"], renewed, over], [3, 2, 1], 0)
    columns = {
        "contract_id": ids("K", np.arange(1, count + 1), 5),
        "account_id": ids("A", both["account"] + 1, 5),
        "opportunity_id": ids("O", np.where(both["deal"] < 0, -1, both["deal"] + 1)),
        "type": labels(KINDS, both["once"].astype(int)),
        "state": labels(STATES, state),
        "start_date": both["begins"],
        "end_date": both["ends"],
        "auto_renew": rng.random(count) < 0.4,
        "notice_days": np.array([30, 60, 90])[pick(rng, np.array([35, 40, 25]), count)],
        "value": both["value"],
        "currency": labels(CURRENCY_NAMES, both["currency"]),
        "executed_at": both["signed"],
    }
    return Table("contract", columns)


def _renewed(contracts: Columns, deals: Columns) -> Array:
    """Whether a won renewal took over each contract: same account, for the day it ends."""
    rows = np.flatnonzero(deals["is_won"] & (deals["renews_on"] != MISSING))
    taken = set(zip(deals["account"][rows].tolist(), deals["renews_on"][rows].tolist(), strict=True))
    listed = zip(contracts["account"].tolist(), contracts["ends"].tolist(), strict=True)
    return np.array([pair in taken for pair in listed], dtype=bool)


def invoice_table(world: World, contracts: Table) -> Table:
    """The `invoice` records within the history: yearly in advance, a quarter of the contracts by the quarter.

    Parts of a contract's value add up to it. One invoice in six is paid late, one in sixty not yet.
    """
    rng = world.stream("invoices")
    rows = np.flatnonzero(contracts["start_date"] != MISSING)
    length = contracts["end_date"][rows] - contracts["start_date"][rows] + 1
    years = np.maximum(1, np.round(length / 365)).astype(np.int64)
    pieces = years * np.where(rng.random(len(rows)) < 0.25, 4, 1)
    piece, nth = repeat(pieces)
    value = contracts["value"][rows][piece]
    upto = value * (nth + 1) // pieces[piece] - value * nth // pieces[piece]
    day = working(contracts["start_date"][rows][piece] + length[piece] * nth // pieces[piece])
    issued = day * DAY + 15 * 3600 + rng.integers(0, 4 * 3600, len(piece))
    terms = np.array([30, 45, 60])[pick(rng, np.array([72, 18, 10]), len(rows))][piece]
    late = rng.random(len(piece)) < 0.17
    lag = np.where(late, terms + rng.gamma(1.4, 14, len(piece)), terms - rng.gamma(2.0, 4.5, len(piece)))
    paid = in_hours(rng, working(day + np.maximum(lag, 1).astype(np.int64)), np.zeros(len(piece), dtype=np.int64))
    paid = np.where((paid <= world.now) & (rng.random(len(piece)) > 1 / 60), paid, MISSING)
    kept = np.flatnonzero((issued >= world.start * DAY) & (issued <= world.now))
    kept = kept[np.lexsort([piece[kept], issued[kept]])]
    source = rows[piece[kept]]
    columns = {
        "invoice_id": ids("I", np.arange(1, len(kept) + 1)),
        "account_id": contracts["account_id"][source],
        "opportunity_id": contracts["opportunity_id"][source],
        "issued_at": issued[kept],
        "due_at": issued[kept] + terms[kept] * DAY,
        "paid_at": paid[kept],
        "amount": upto[kept],
        "currency": contracts["currency"][source],
    }
    return Table("invoice", columns)


def cost_table(world: World, staff: Staff, bookings: Array, campaigns: Table) -> Table:
    """The `cost` records by month, function and category. The last day's month is as planned.

    Args:
        bookings: Won in each month of the history, in cents, which commissions are paid on.
    """
    rng = world.stream("costs")
    months = np.arange(month_of(np.array([world.start]))[0], month_of(np.array([world.today]))[0] + 1)
    begins, ends = first_of_month(months), first_of_month(months + 1)
    pay = {job: _pay(staff, job, begins) for job in {str(r["role"]) for r in staff.rows}}
    heads = sum(_heads(staff, j, begins) for j in ("account_executive", "sdr", "solution_engineer", "sales_manager"))
    selling = sum(pay[j] for j in ("account_executive", "sdr", "solution_engineer", "sales_manager", "head_of_sales"))
    noise = np.exp(rng.normal(0, 0.05, (8, len(months))))
    spent = np.zeros(len(months))
    np.add.at(spent, np.clip(month_of(campaigns["start_date"]) - months[0], 0, None), campaigns["cost"].astype(float))
    size = world.sellers * np.exp(0.1 * world.age(begins)) * 100
    lines = {
        ("sales", "Salaries"): selling * 1.31,
        ("sales", "Commissions"): bookings[: len(months)] * 0.1,
        ("sales", "Travel"): heads * 120_000 * noise[0],
        ("sales", "Tools"): heads * 38_000 * noise[1],
        ("marketing", "Salaries"): pay["marketing"] * 1.31,
        ("marketing", "Programmes"): spent + size * 1_700 * noise[2],
        ("marketing", "Advertising"): size * 2_600 * noise[3],
        ("marketing", "Tools"): size * 130 * noise[4],
        ("customer_success", "Salaries"): pay["customer_success"] * 1.22,
        ("customer_success", "Tools"): size * 60 * noise[5],
        ("revops", "Salaries"): pay["revops"] * 1.22,
        ("revops", "Tools"): size * 140 * noise[6],
    }
    count = len(lines)
    columns = {
        "period_start": np.repeat(begins, count),
        "period_end": np.repeat(ends, count),
        "function": texts([f for f, _ in lines] * len(months)),
        "category": texts([c for _, c in lines] * len(months)),
        "amount": np.stack(list(lines.values()), axis=1).reshape(-1).round().astype(np.int64),
        "currency": texts(["USD"] * (count * len(months))),
    }
    return Table("cost", columns)


def _heads(staff: Staff, job: str, begins: Array) -> Array:
    """People with the job in each month."""
    rows = np.array(staff.working(job), dtype=np.int64)
    start, end = staff.column("start_date")[rows], staff.column("end_date")[rows]
    here = (start <= begins[:, None] + 27) & ((end == MISSING) | (end >= begins[:, None]))
    return np.asarray(here.sum(axis=1))


def _pay(staff: Staff, job: str, begins: Array) -> Array:
    """Base salaries of people with the job by month, in cents."""
    rows = np.array(staff.working(job), dtype=np.int64)
    start, end = staff.column("start_date")[rows], staff.column("end_date")[rows]
    here = (start <= begins[:, None] + 27) & ((end == MISSING) | (end >= begins[:, None]))
    return np.asarray((here * (staff.column("base_salary")[rows] / 12)).sum(axis=1))


def fx_table(world: World) -> Table:
    """The `fx_rate` records to USD: a plan rate a year, the last of each month, and every working day's."""
    rng = world.stream("fx")
    days = np.arange(world.start - 40, world.today + 1)
    parts = []
    for currency, base in RATES.items():
        path = base * np.exp(np.cumsum(rng.normal(0, 0.0032, len(days))) * 0.6)
        rate = np.round(path * 1_000_000).astype(np.int64)
        first = (days.astype("datetime64[D]") == days.astype("datetime64[Y]")) | (days == days[0])
        monthly = month_of(days + 1) != month_of(days)
        years = days.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
        for kind, rows in ((0, np.flatnonzero(first)), (1, np.flatnonzero(monthly)),
                           (2, np.flatnonzero(weekday(days) < 5))):  # fmt: skip
            planned = np.round(rate[rows] / 10_000).astype(np.int64) * 10_000  # plan rates are round
            parts.append({
                "date": years[rows] if kind == 0 else days[rows], "from_currency": texts([currency] * len(rows)),
                "to_currency": texts(["USD"] * len(rows)), "kind": np.full(len(rows), kind),
                "rate": planned if kind == 0 else rate[rows],
            })  # fmt: skip
    rates = stack(parts)
    rates = take(rates, np.lexsort([rates["from_currency"].astype(str), rates["kind"], rates["date"]]))
    rates["kind"] = labels(("plan", "month_end", "spot"), rates["kind"])
    return Table("fx_rate", rates, digits={"rate": 6})


def to_usd(rates: Table, currency: Array, days: Array, cents: Array) -> Array:
    """Cents in USD at the spot rate of each day or the working day before it, for planning within the sample."""
    usd = cents.astype(float)
    spot = rates["kind"] == "spot"
    for n, name in enumerate(CURRENCY_NAMES[1:], 1):
        rows = np.flatnonzero(currency == n)
        on, rate = (
            rates["date"][spot & (rates["from_currency"] == name)],
            rates["rate"][spot & (rates["from_currency"] == name)],
        )
        place = np.clip(np.searchsorted(on, days[rows], side="right") - 1, 0, len(on) - 1)
        usd[rows] *= rate[place] / 1e6
    return usd


def quota_table(world: World, staff: Staff, credited: Array, season: Array) -> Table:
    """The `quota` records of sellers by quarter: alike for a segment and a year, less while they ramp.

    They are set so that half of the ramped sellers of a segment reach them in a year, which is what companies aim at;
    the same quota everywhere is what makes one region's trouble visible.

    Args:
        credited: Won by user (rows) and quarter (columns), cents.
        season: The share of each quarter in a year's bookings.
    """
    first = month_of(np.array([world.start]))[0]
    quarters = np.arange(credited.shape[1])
    begins, ends = first_of_month(first + quarters * 3), first_of_month(first + quarters * 3 + 3)
    complete = ends <= world.today + 1
    sellers = np.array(staff.working("account_executive"))
    start, left = staff.column("start_date")[sellers], staff.column("end_date")[sellers]
    segment = np.array([SEGMENTS.index(s) for s in staff.column("segment")[sellers]])
    here = (start[:, None] < ends - 20) & ((left[:, None] == MISSING) | (left[:, None] > begins + 60))
    ramped = (start[:, None] + RAMP_DAYS < begins) & ((left[:, None] == MISSING) | (left[:, None] >= ends)) & complete
    year = begins.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    rows = []
    for n in range(len(SEGMENTS)):
        mine = segment == n
        level = credited[sellers] / (season * 4)
        pooled = np.median(level[mine[:, None] & ramped]) if (mine[:, None] & ramped).any() else 0.0
        for y in np.unique(year):
            typical = level[mine[:, None] & ramped & (year == y)]
            aim = np.median(typical) if len(typical) >= 12 else pooled * 1.08 ** (y - np.mean(year))
            for q in np.flatnonzero(year == y):
                amount = max(round(aim * season[q] * 4 * 0.96 / 250_000), 1) * 250_000
                for s in np.flatnonzero(mine & here[:, q]):
                    ramp = min(1.0, 0.4 + 0.6 * max(0, int(begins[q]) - int(start[s]) + 45) / (RAMP_DAYS + 45))
                    rows.append(
                        (int(sellers[s]), int(begins[q]), int(ends[q]), round(amount * ramp / 100_000) * 100_000)
                    )
    rows.sort(key=lambda row: (row[1], row[0]))
    user, begin, end, amount = (np.array(c) for c in zip(*rows, strict=True))
    columns = {
        "user_id": staff.column("user_id")[user], "measure": texts(["bookings"] * len(rows)), "period_start": begin,
        "period_end": end, "amount": amount, "currency": texts(["USD"] * len(rows)),
    }  # fmt: skip
    return Table("quota", columns)
