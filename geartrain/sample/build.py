"""The whole company, subject by subject, as clean tables; dirt.py comes after."""

from __future__ import annotations

import numpy as np

from geartrain.sample import accounts as customers
from geartrain.sample import activity, money, offers
from geartrain.sample.accounts import CURRENCY_NAMES
from geartrain.sample.company import FUNCTIONS, LOSS_REASONS, LOST, NEXT_STEPS, STAGES, TYPES, WON
from geartrain.sample.deals import SOURCE_LABELS, first_wins, generate_deals
from geartrain.sample.goals import QUARTERS
from geartrain.sample.history import CATEGORIES, Standing, generate_history
from geartrain.sample.leads import campaign_table, choose_campaigns, generate_leads, lead_table
from geartrain.sample.people import Staff, hire
from geartrain.sample.tables import Columns, Progress, Table, ids, labels, take, texts
from geartrain.sample.world import DAY, MISSING, Array, World, first_of_month, month_of, pick

STEPS = 6


def build(world: World, progress: Progress) -> tuple[dict[str, Table], Staff]:
    """Every record type by name, without dirt, and the people."""
    phase = "Simulating the company"
    progress(phase, 0, STEPS)
    staff = hire(world)
    accounts = customers.found(world, staff.seats)
    names = customers.company_names(world, accounts["region"], stream="names")
    leads = generate_leads(world, staff.seats)
    campaigns = campaign_table(world)
    progress(phase, 1, STEPS)
    deals = generate_deals(world, staff, accounts, leads, lambda *_: None)
    leads, of_lead = _kept(world, leads, deals)
    campaign = choose_campaigns(world, leads, campaigns)
    progress(phase, 2, STEPS)
    currency = accounts["currency"][deals["account"]]
    lines = offers.generate_lines(world, deals, currency)
    amount = offers.totals(lines, len(currency))
    changes, standing = generate_history(world, staff, deals, amount)
    progress(phase, 3, STEPS)
    lead_records = lead_table(
        world, leads, staff, campaign=campaign, names=names, account=of_lead[0], opportunity=of_lead[1]
    )
    touches = activity.touch_table(
        world, staff, leads, deals, standing=standing, lead_owner=lead_records["owner_id"], campaign=campaign,
        lead_rows=of_lead,
    )  # fmt: skip
    progress(phase, 4, STEPS)
    tables = [
        staff.table(), offers.product_table(), campaigns, lead_records, touches, changes,
        customers.account_table(world, accounts, staff, names=names, first_won=_first_won(world, accounts, deals)),
        _opportunity_table(world, staff, deals, names=names, amount=amount, currency=currency, lines=lines,
                           standing=standing, campaign=_campaign_of(deals, campaign, of_lead[1])),
        offers.line_table(lines), offers.split_table(world, staff, deals, standing.owner),
        *offers.quote_tables(world, deals, lines, currency), activity.time_table(world, staff),
        activity.tool_table(world, staff),
        *_money(world, staff, deals, accounts, amount=amount, currency=currency, owner=standing.owner,
                campaigns=campaigns),
    ]  # fmt: skip
    progress(phase, STEPS, STEPS)
    return {t.name: t for t in sorted(tables, key=lambda t: t.name)}, staff


def _kept(world: World, leads: Columns, deals: Columns) -> tuple[Columns, tuple[Array, Array]]:
    """The leads of the history, and those before it whose deal is kept; with the account and deal each became."""
    count = len(leads["seat"])
    account, deal = np.full(count, -1), np.full(count, -1)
    rows = np.flatnonzero(deals["lead"] >= 0)
    account[deals["lead"][rows]], deal[deals["lead"][rows]] = deals["account"][rows], rows
    kept = (leads["created"] >= world.start * DAY) | (deal >= 0)
    return take(leads, kept), (account[kept], deal[kept])


def _campaign_of(deals: Columns, campaign: Array, deal_of_lead: Array) -> Array:
    """The campaign of the lead behind each deal, -1 for none."""
    found = np.full(len(deals["seat"]), -1)
    rows = np.flatnonzero(deal_of_lead >= 0)
    found[deal_of_lead[rows]] = campaign[rows]
    return found


def _first_won(world: World, accounts: Columns, deals: Columns) -> Array:
    """The instant each account became a customer, MISSING for prospects."""
    rng = world.stream("first_won")
    first = first_wins(deals, len(accounts["seat"]))
    before = (world.opening - rng.integers(5, 1000, len(first))) * DAY + 15 * 3600
    first = np.where(accounts["is_legacy"], before, first)
    return np.where(first == np.iinfo(np.int64).max, MISSING, first)


def _opportunity_table(
    world: World, staff: Staff, deals: Columns, *, names: Array, amount: Array, currency: Array, lines: Columns,
    standing: Standing, campaign: Array,
) -> Table:  # fmt: skip
    rng = world.stream("opportunity_table")
    count = len(amount)
    closed, won = deals["closed"] != MISSING, deals["is_won"]
    main = np.zeros(count, dtype=np.int64)
    first = np.unique(lines["deal"], return_index=True)[1]
    main[lines["deal"][first]] = lines["product"][first]
    stage = np.select([won, closed], [5, 6], deals["last"])
    reason = np.where(closed & ~won, pick(rng, np.array([24, 27, 20, 13, 9, 7]), count), -1)
    step = np.where(closed, -1, rng.integers(0, len(NEXT_STEPS), count))
    account = names[deals["account"]]
    title = [f"{a} – {offers.SKUS[p].title().replace('-', ' ')}" for a, p in zip(account, main.tolist(), strict=True)]
    columns = {
        "opportunity_id": ids("O", np.arange(1, count + 1)), "name": texts(title),
        "account_id": ids("A", deals["account"] + 1, 5), "owner_id": staff.column("user_id")[standing.owner],
        "type": labels(TYPES, deals["type"]), "product_id": labels(offers.SKUS, main),
        "stage": labels((*STAGES, WON, LOST), stage), "forecast_category": labels(CATEGORIES, standing.category),
        "amount": amount.copy(), "currency": labels(CURRENCY_NAMES, currency), "created_at": deals["created"],
        "close_date": standing.close_date, "closed_at": deals["closed"], "is_closed": closed, "is_won": won.copy(),
        "lead_source": labels(SOURCE_LABELS, deals["source"]),
        "source_function": labels(FUNCTIONS, deals["function"]),
        "campaign_id": ids("C", np.where(campaign < 0, -1, campaign + 1), 4),
        "next_step": labels(NEXT_STEPS, step), "loss_reason": labels(LOSS_REASONS, reason),
    }  # fmt: skip
    return Table("opportunity", columns)


def _money(
    world: World, staff: Staff, deals: Columns, accounts: Columns, *, amount: Array, currency: Array, owner: Array,
    campaigns: Table,
) -> list[Table]:  # fmt: skip
    legacy = _legacy_contracts(world, deals, accounts, amount)
    contracts = money.contract_table(world, deals, amount, currency, legacy)
    rates = money.fx_table(world)
    won = np.flatnonzero(deals["is_won"])
    day = deals["closed"][won] // DAY
    usd = money.to_usd(rates, currency[won], day, amount[won])
    first, last = (month_of(np.array([d]))[0] for d in (world.start, world.today))
    bookings = np.bincount(month_of(day) - first, weights=usd, minlength=last - first + 1)
    quarters = (last // 12 * 12 + 12 - first) // 3  # quotas are set for whole fiscal years
    credited = np.zeros((len(staff.rows), quarters))
    np.add.at(credited, (owner[won], (month_of(day) - first) // 3), usd)
    calendar_quarter = first_of_month(first + np.arange(quarters) * 3)
    season = np.array([float(q) for q in QUARTERS])[month_of(calendar_quarter) % 12 // 3]
    return [
        contracts, money.invoice_table(world, contracts), rates,
        money.cost_table(world, staff, bookings, campaigns), money.quota_table(world, staff, credited, season),
    ]  # fmt: skip


def _legacy_contracts(world: World, deals: Columns, accounts: Columns, amount: Array) -> Columns:
    """Contracts signed before the history that a renewal within it is about: worth about what the renewal is."""
    rng = world.stream("legacy")
    rows = np.flatnonzero(deals["renews_on"] != MISSING)
    known = set(zip(deals["account"][deals["is_won"]].tolist(), deals["ends"][deals["is_won"]].tolist(), strict=True))
    pairs = zip(deals["account"][rows].tolist(), deals["renews_on"][rows].tolist(), strict=True)
    rows = rows[np.array([pair not in known for pair in pairs], dtype=bool)]
    value = (amount[rows] * np.exp(rng.normal(-0.03, 0.04, len(rows)))).astype(np.int64) // 100 * 100
    ends = deals["renews_on"][rows]
    return {
        "account": deals["account"][rows], "begins": ends - 364, "ends": ends, "value": value,
        "currency": accounts["currency"][deals["account"][rows]],
    }  # fmt: skip
