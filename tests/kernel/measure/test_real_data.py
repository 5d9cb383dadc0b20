"""The real export, with the numbers that are known of it."""

import csv
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from geartrain.kernel.measure import explain, query
from tests.kernel.measure.cases import METRICS, metric
from tests.kernel.measure.memory import make_source

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "crm-opportunities"
LOST = metric("lost", "{from: opportunity, at: closed_at, value: {agg: count, where: is_closed and not is_won}}")
ALL = {**METRICS, "lost": LOST}


def read(name):
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def day(text):
    return datetime.strptime(text, "%m/%d/%Y").date() if text else None  # noqa: DTZ007 - a day


@pytest.fixture(scope="module")
def facts(con):
    deals = [
        {
            "opportunity_id": row["opportunity_id"],
            "owner_id": row["sales_agent"],
            "product_id": row["product"],
            "account_id": row["account"] or None,
            "stage": row["deal_stage"],
            "amount": row["close_value"] or None,
            "created_at": day(row["engage_date"]),
            "closed_at": day(row["close_date"]),
            "is_closed": row["deal_stage"] in ("Won", "Lost"),
            "is_won": row["deal_stage"] == "Won",
        }
        for row in read("sales_pipeline.csv")
    ]
    sellers = read("sales_teams.csv")
    users = [{"user_id": r["sales_agent"], "name": r["sales_agent"], "manager_id": r["manager"]} for r in sellers]
    users += [{"user_id": m, "name": m} for m in sorted({r["manager"] for r in sellers})]
    products = [{"product_id": r["product"], "name": r["product"]} for r in read("products.csv")]
    accounts = [{"account_id": r["account"], "name": r["account"]} for r in read("accounts.csv")]
    tables = {"opportunity": deals, "user": users, "product": products, "account": accounts}
    return make_source(con, tables, as_of=date(2018, 1, 1))


def test_the_known_totals(facts):
    keys = ["won", "lost", "win_rate", "bookings", "size", "mean_amount", "median_amount", "cycle"]
    row = query(facts, ALL, keys=keys).records()[0]
    assert (row["won"], row["lost"], row["bookings"]) == (4238, 2473, Decimal(10_005_534))
    assert round(row["win_rate"], 6) == Decimal("0.631501")
    assert round(row["size"], 2) == round(row["mean_amount"], 2) == Decimal("2360.91")
    assert (row["median_amount"], round(row["cycle"], 2)) == (Decimal(1117), Decimal("51.78"))


def test_the_second_quarter(facts):
    rows = query(facts, ALL, keys=["bookings"], by=["quarter"]).rows
    assert dict(rows)["2017Q2"] == Decimal(3_086_111)
    assert sum(value for _, value in rows) == Decimal(10_005_534)


def test_what_hangs_on_a_product_that_does_not_exist_is_not_lost(facts):
    found = dict(query(facts, ALL, keys=["bookings"], by=["product"]).rows)
    assert found["unmapped: GTXPro"] == Decimal(3_510_578)
    assert sum(found.values()) == Decimal(10_005_534)
    assert explain(facts, ALL, "won", filters={"product": "unmapped: GTXPro"}, limit=3).total == 729


def test_a_value_win_rate_where_the_crm_emptied_what_was_lost_is_not_defined(facts):
    answer = query(facts, ALL, keys=["win_rate_value"])
    assert answer.rows == ((None,),)
    assert any("2473 other rows" in note for note in answer.notes)


def test_managers_have_their_trees(facts):
    found = query(facts, ALL, keys=["bookings"], by=["manager"])
    assert dict(found.rows)["Melvin Marxen"] == Decimal(2_251_930)
    assert sum(value for _, value in found.rows) == Decimal(10_005_534)
