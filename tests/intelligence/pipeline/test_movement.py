"""The waterfall between any two instants closes to the cent, against states read one by one."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from itertools import product
from random import Random

import ibis
import pyarrow as pa
import pytest

from geartrain.intelligence.pipeline.movement import BARS, Cut, End, Rates, moves, totals
from geartrain.intelligence.pipeline.worth import worth

BEGIN = datetime(2026, 1, 1)
STATES = ibis.schema(
    {
        "opportunity_id": "string", "valid_from": "timestamp(6)", "valid_to": "timestamp(6)", "stage": "string",
        "owner_id": "string", "amount": "decimal(38, 4)", "currency": "string", "close_date": "date",
        "is_closed": "boolean", "is_won": "boolean", "created_at": "timestamp(6)", "product_id": "string",
    }
)  # fmt: skip
PRODUCTS = {"product_id": "string", "list_price": "decimal(38, 4)", "currency": "string"}


RATES = ibis.schema(
    {"date": "date", "from_currency": "string", "to_currency": "string", "kind": "string", "rate": "decimal(38, 9)"}
)


def rates_of(random: Random) -> list[dict]:
    """Rates that change every few days, with stretches in which none holds: a spot rate holds for seven days."""
    rows = []
    for currency in ("EUR", "GBP"):
        day = date(2026, 1, 1)
        while day < date(2026, 12, 1):
            rate = Decimal(random.randrange(80_000_000, 140_000_000)) / 10**8
            rows.append({"date": day, "from_currency": currency, "to_currency": "USD", "kind": "spot", "rate": rate})
            day += timedelta(days=random.choice([1, 2, 3, 20]))
    return rows


@cache
def rate_on(rates: tuple[tuple, ...], currency: str | None, day: date) -> Decimal | None:
    """The rate of a day, read row by row."""
    if currency in (None, "USD"):
        return Decimal(1)
    known = [r for r in rates if r[0] == currency and r[1] <= day]
    last = max(known, key=lambda r: r[1], default=None)
    return last[2] if last and day < last[1] + timedelta(days=7) else None


def history(seed: int, deals: int = 60, currencies: tuple = (None,)) -> list[dict]:
    """Random lives: created, changed, passed on, closed, some opened again."""
    random, rows = Random(seed), []
    for n in range(deals):
        at = BEGIN + timedelta(hours=random.randrange(24 * 200))
        born, state = (
            at,
            {"stage": "A", "owner_id": random.choice("xyz"), "amount": None, "close_date": date(2026, 4, 1)},
        )
        open_, currency = True, random.choice(currencies)
        for _ in range(random.randrange(1, 9)):
            state |= {"amount": random.choice([None, Decimal(random.randrange(-(10**6), 10**7)) / 100])}
            state |= {"owner_id": random.choice("xyz"), "stage": random.choice("ABC")}
            state |= {"close_date": random.choice([None, date(2026, random.randrange(1, 13), 1)])}
            closed = (not open_ and random.random() < 0.7) or random.random() < 0.2
            open_ = not closed
            until = at + timedelta(hours=random.randrange(1, 900))
            rows.append(
                {"opportunity_id": f"d{n}", "valid_from": at, "valid_to": until, "created_at": born,
                 "currency": currency, "product_id": random.choice(["P 1", "p1", None]), "is_closed": closed,
                 "is_won": closed and random.random() < 0.5, **state}
            )  # fmt: skip
            at = until
        if random.random() < 0.9:  # the others are deleted then
            rows[-1]["valid_to"] = None
    return rows


def open_sum(
    rows: list[dict], at: datetime, people: set[str] | None, due: tuple | None, rates: tuple | None = None
) -> tuple[Decimal, int]:
    """The balance, read state by state: what the opening and the closing must be."""
    found = [
        r for r in rows
        if r["valid_from"] < at and (r["valid_to"] is None or r["valid_to"] >= at) and not r["is_closed"]
        and (people is None or r["owner_id"] in people)
        and (due is None or (r["close_date"] is not None and due[0] <= r["close_date"] < due[1]))
    ]  # fmt: skip

    def value(r: dict) -> Decimal:
        native = r["amount"] if r["amount"] is not None else Decimal(55) if r["product_id"] else Decimal(0)
        if rates is None:
            return native
        if r["amount"] is None and r["currency"] not in (None, "USD"):
            return Decimal(0)  # the price is in another currency, so it stands in for nothing
        return (native * (rate_on(rates, r["currency"], at.date()) or 0)).quantize(Decimal("1e-4"), ROUND_HALF_UP)

    return sum(map(value, found), Decimal(0)), len(found)


def opened(con: ibis.BaseBackend, rows: list[dict]) -> ibis.Table:
    states = con.create_table("states", pa.Table.from_pylist(rows, STATES.to_pyarrow()))
    products = ibis.memtable(pa.table({"product_id": ["P1"], "list_price": [Decimal("55.0000")], "currency": [None]})
                             .cast(ibis.schema(PRODUCTS).to_pyarrow()))  # fmt: skip
    return con.create_table("valued", worth(states, products, currency="USD").to_pyarrow())


def ends_of(random: Random, pairs: int) -> list[tuple[End, End]]:
    """Random pairs of instants, a few of them one instant twice."""
    found = []
    for n in range(pairs):
        start, end = sorted(BEGIN + timedelta(hours=random.randrange(24 * 300)) for _ in range(2))
        found.append((End(start, start.date()), End(end if n % 25 else start, (end if n % 25 else start).date())))
    return found


def closes(seed: int, currencies: tuple, pairs: int, people: set[str] | None, due: tuple | None) -> None:
    """So many pairs of instants of one random company; the bars against the balances read state by state."""
    con, random, rows = ibis.duckdb.connect(), Random(seed), history(seed, currencies=currencies)
    valued, stated = opened(con, rows), rates_of(random) if len(currencies) > 1 else None
    table = None if stated is None else con.create_table("rates", pa.Table.from_pylist(stated, RATES.to_pyarrow()))
    told = stated and tuple((r["from_currency"], r["date"], r["rate"]) for r in stated)
    spans, asked = ends_of(random, pairs), {"rates": Rates("USD", table), "cut": Cut(people, due)}
    sums = {(n, b): [Decimal(0), 0, 0] for n in range(pairs) for b in BARS}
    for row in con.to_pyarrow(moves(valued, spans, **asked)).to_pylist():
        held = sums[row["span"], row["bar"]]
        held[0], held[1], held[2] = held[0] + row["amount"], held[1] + 1, held[2] + row["unknown"]
    wide = {r["span"]: r for r in con.to_pyarrow(totals(valued, spans, **asked)).to_pylist()}
    for n, (start, end) in enumerate(spans):
        bars = {b: sums[n, b] for b in BARS}
        assert sum(bars[b][0] for b in BARS if b != "closing") == bars["closing"][0]
        assert tuple(bars["opening"][:2]) == open_sum(rows, start.at, people, due, told)
        assert tuple(bars["closing"][:2]) == open_sum(rows, end.at, people, due, told)
        for b, (amount, deals, unknown) in bars.items():
            row = wide.get(n, {})
            said = (row.get(f"{b}_amount") or 0, row.get(f"{b}_deals") or 0, row.get(f"{b}_unknown") or 0)
            assert said == (amount, deals, unknown)
        assert told or not bars["fx"][1]


PEOPLE = (None, {"x"}, {"x", "y"}, set())
DUE = (None, (date(2026, 4, 1), date(2026, 7, 1)))


@pytest.mark.parametrize(("people", "due"), list(product(PEOPLE, DUE)))
def test_a_thousand_waterfalls_close_and_every_bar_is_its_deals(people, due):
    """Several currencies whose rates change and are missing, deals that come back, are deleted, or are below zero."""
    closes(PEOPLE.index(people) * 2 + DUE.index(due), (None, "USD", "EUR", "GBP"), 125, people, due)


def test_in_one_currency_no_rate_is_asked_for():
    closes(9, (None,), 50, {"x"}, None)


def test_what_rates_did_is_a_bar_of_its_own():
    """100 EUR from 1.1 to 1.2 and 50 USD that stay; 20 EUR are added: 10 of it is rates, 24 is an increase."""
    con = ibis.duckdb.connect()
    state = dict.fromkeys(STATES.names) | {"is_closed": False, "is_won": False, "owner_id": "x", "created_at": BEGIN}
    later = BEGIN + timedelta(days=5)
    rows = [
        state
        | {"opportunity_id": "e", "valid_from": BEGIN, "valid_to": later, "amount": Decimal(100), "currency": "EUR"},
        state | {"opportunity_id": "e", "valid_from": later, "amount": Decimal(120), "currency": "EUR"},
        state | {"opportunity_id": "u", "valid_from": BEGIN, "amount": Decimal(50), "currency": "USD"},
    ]
    stated = [
        {
            "date": date(2026, 1, day),
            "from_currency": "EUR",
            "to_currency": "USD",
            "kind": "spot",
            "rate": Decimal(r),
        }
        for day, r in ((2, "1.1"), (8, "1.2"))
    ]
    rates = Rates("USD", con.create_table("rates", pa.Table.from_pylist(stated, RATES.to_pyarrow())))
    ends = [End(datetime(2026, 1, day), date(2026, 1, day)) for day in (3, 9)]
    told = con.to_pyarrow(moves(opened(con, rows), [tuple(ends)], rates=rates)).to_pylist()
    assert {(r["bar"], r["opportunity_id"]): r["amount"] for r in told} == {
        ("opening", "e"): 110, ("opening", "u"): 50, ("fx", "e"): 10, ("increased", "e"): 24, ("closing", "e"): 144,
        ("closing", "u"): 50,
    }  # fmt: skip


def test_a_price_stands_in_only_where_one_is_meant():
    products = pa.table({"product_id": ["GTX Pro", "MG-1", "MG 1"], "list_price": [Decimal(9), Decimal(1), Decimal(2)],
                         "currency": [None, None, None]}).cast(ibis.schema(PRODUCTS).to_pyarrow())  # fmt: skip
    deal = dict.fromkeys(STATES.names)
    rows = [deal | {"opportunity_id": k, "product_id": p, "amount": a, "currency": c} for k, p, a, c in (
        ("alike", "GTXPro", None, None), ("known", "GTXPro", Decimal(4), None), ("two prices", "MG1", None, None),
        ("other currency", "GTX Pro", None, "EUR"), ("no product", None, None, None))]  # fmt: skip
    table = ibis.memtable(pa.Table.from_pylist(rows, STATES.to_pyarrow()))
    found = {
        r["opportunity_id"]: r for r in worth(table, ibis.memtable(products), currency="USD").to_pyarrow().to_pylist()
    }
    assert {k: r["worth"] for k, r in found.items()} == {
        "alike": 9, "known": 4, "two prices": None, "other currency": None, "no product": None,
    }  # fmt: skip
    assert [k for k, r in found.items() if r["stood_in"]] == ["alike"]
    at_list = worth(table, ibis.memtable(products), currency="USD", at_list=True).to_pyarrow().to_pylist()
    assert {r["opportunity_id"]: r["worth"] for r in at_list}["known"] == 9
