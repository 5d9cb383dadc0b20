"""The waterfall between any two instants closes to the cent, against states read one by one."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

import ibis
import pyarrow as pa
import pytest

from geartrain.intelligence.pipeline.movement import BARS, End, Rates, moves
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


def history(seed: int, deals: int = 60) -> list[dict]:
    """Random lives: created, changed, passed on, closed, some opened again."""
    random, rows = Random(seed), []
    for n in range(deals):
        at = BEGIN + timedelta(hours=random.randrange(24 * 200))
        born, state = (
            at,
            {"stage": "A", "owner_id": random.choice("xyz"), "amount": None, "close_date": date(2026, 4, 1)},
        )
        open_ = True
        for _ in range(random.randrange(1, 9)):
            state |= {"amount": random.choice([None, Decimal(random.randrange(10**7)) / 100])}
            state |= {"owner_id": random.choice("xyz"), "stage": random.choice("ABC")}
            state |= {"close_date": random.choice([None, date(2026, random.randrange(1, 13), 1)])}
            closed = (not open_ and random.random() < 0.7) or random.random() < 0.2
            open_ = not closed
            until = at + timedelta(hours=random.randrange(1, 900))
            rows.append(
                {"opportunity_id": f"d{n}", "valid_from": at, "valid_to": until, "created_at": born, "currency": None,
                 "product_id": random.choice(["P 1", "p1", None]), "is_closed": closed,
                 "is_won": closed and random.random() < 0.5, **state}
            )  # fmt: skip
            at = until
        rows[-1]["valid_to"] = None
    return rows


def open_sum(rows: list[dict], at: datetime, people: set[str] | None, due: tuple | None) -> tuple[Decimal, int]:
    """The balance, read state by state: what the opening and the closing must be."""
    found = [
        r for r in rows
        if r["valid_from"] < at and (r["valid_to"] is None or r["valid_to"] >= at) and not r["is_closed"]
        and (people is None or r["owner_id"] in people)
        and (due is None or (r["close_date"] is not None and due[0] <= r["close_date"] < due[1]))
    ]  # fmt: skip

    def value(r: dict) -> Decimal:
        return r["amount"] if r["amount"] is not None else Decimal(55) if r["product_id"] else Decimal(0)

    return sum(map(value, found), Decimal(0)), len(found)


@pytest.mark.parametrize("seed", range(4))
def test_every_waterfall_closes_and_its_ends_are_the_balances(seed):
    con, random, rows = ibis.duckdb.connect(), Random(seed), history(seed)
    states = con.create_table("states", pa.Table.from_pylist(rows, STATES.to_pyarrow()))
    products = ibis.memtable(pa.table({"product_id": ["P1"], "list_price": [Decimal("55.0000")], "currency": [None]})
                             .cast(ibis.schema(PRODUCTS).to_pyarrow()))  # fmt: skip
    valued = con.create_table("valued", worth(states, products, currency="USD").to_pyarrow())
    for _ in range(25):
        start, end = sorted(BEGIN + timedelta(hours=random.randrange(24 * 300)) for _ in range(2))
        people = random.choice([None, {"x"}, {"x", "y"}, set()])
        due = random.choice([None, (date(2026, 4, 1), date(2026, 7, 1))])
        ends = End(start, start.date()), End(end, end.date())
        told = con.to_pyarrow(moves(valued, *ends, rates=Rates("USD"), people=people, due=due)).to_pylist()
        bars = {b: sum((r["amount"] for r in told if r["bar"] == b), Decimal(0)) for b in BARS}
        count = {b: sum(r["bar"] == b for r in told) for b in BARS}
        assert sum(bars[b] for b in BARS if b != "closing") == bars["closing"]
        assert (bars["opening"], count["opening"]) == open_sum(rows, start, people, due)
        assert (bars["closing"], count["closing"]) == open_sum(rows, end, people, due)


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
