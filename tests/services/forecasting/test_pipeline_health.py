"""Coverage, velocity, ageing, slippage and inspection over a small company, through the services."""

from datetime import date
from decimal import Decimal

import pytest

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.access import Actor, Role, operator
from geartrain.services.forecasting.pipeline_health import get_ageing, get_coverage, get_slippage, get_velocity
from geartrain.services.forecasting.pipeline_inspection import inspect_pipeline
from geartrain.services.records.loading import load_records
from geartrain.services.workspace import init_workspace

DAY = date(2026, 8, 15)
DEALS = [
    # id, owner, stage, amount, currency, created, due, closed, won
    ("w1", "ann", "Won", 100, "USD", "2026-06-01", "2026-07-10", "2026-07-10", True),
    ("l1", "ann", "Lost", 80, "USD", "2026-06-01", "2026-07-12", "2026-07-12", False),
    ("o1", "ann", "New", 50, "USD", "2026-06-01", "2026-09-10", "", None),
    ("o2", "cleo", "New", 200, "EUR", "2026-06-01", "2026-09-10", "", None),
    ("o3", "ann", "New", 30, "USD", "2026-06-01", "2026-08-01", "", None),
    ("o4", "cleo", "New", 70, "XYZ", "2026-06-01", "2026-12-01", "", None),
]
MOVES = [
    ("o3", "2026-07-20T10:00:00", "2026-07-05", "2026-08-01"),
    ("o4", "2026-07-20T10:00:00", "2026-09-01", "2026-12-01"),
]


def row(key, owner, stage, amount, currency, created, due, closed, won):
    ends = f"{str(won is not None).lower()},{str(bool(won)).lower()}"
    return f"{key},{owner},{stage},{amount},{currency},{created},{due},{closed},{ends}"


TABLES = {
    "user": ["user_id,name,manager_id,is_active", "zoe,Zoe,,true", "ann,Ann,zoe,true", "cleo,Cleo,zoe,true"],
    "opportunity": [
        "opportunity_id,owner_id,stage,amount,currency,created_at,close_date,closed_at,is_closed,is_won",
        *(row(*d) for d in DEALS),
    ],
    "opportunity_change": [
        "opportunity_id,changed_at,field,old_value,new_value",
        *(f"{d[0]},2026-06-01T00:00:00,close_date,,{next((m[2] for m in MOVES if m[0] == d[0]), d[6])}" for d in DEALS),
        *(f"{d[0]},2026-06-01T00:00:00,amount,,{d[3]}" for d in DEALS),
        *(f"{key},{at},close_date,{was},{now}" for key, at, was, now in MOVES),
    ],
    "fx_rate": ["date,from_currency,to_currency,rate,kind", "2026-01-01,EUR,USD,1.5,plan"],
    "quota": [
        "user_id,measure,period_start,period_end,amount,currency",
        "ann,bookings,2026-07-01,2026-10-01,180,USD", "zoe,bookings,2026-07-01,2026-10-01,500,USD",
    ],
}  # fmt: skip
ANN, CLEO = (Actor(u, frozenset({Role.seller}), u, u) for u in ("ann", "cleo"))


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    folder = tmp_path_factory.mktemp("health") / "export"
    folder.mkdir()
    for name, lines in TABLES.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    made = init_workspace(folder.parent / "ws")
    found = load_records(made, operator(), location=folder)
    assert not any(t["quarantined"] for t in found.as_json()["types"].values())
    return made


def test_coverage_counts_the_teams_quota_once(ws):
    whole = get_coverage(ws, operator(), as_of=DAY).whole
    assert (whole["quota"], whole["booked"], whole["left"]) == (180, 100, 80)
    ann = next(r for r in whole["owners"] if r["owner_id"] == "ann")
    assert (ann["due"], ann["coverage"]) == (80, 1)
    assert next(r for r in whole["owners"] if r["owner_id"] == "zoe")["manages"]


def test_coverage_of_a_seller_is_their_own(ws):
    assert {r["owner_id"] for r in get_coverage(ws, ANN, as_of=DAY).whole["owners"]} == {"ann"}
    nothing = get_coverage(ws, CLEO, as_of=DAY).whole
    assert (nothing["quota"], nothing["coverage"]) == (0, None)


def test_velocity_is_its_four_parts(ws):
    whole = get_velocity(ws, operator(), by="owner", as_of=DAY).whole
    ann = next(r for r in whole["rows"] if r["owner"] == "ann")
    assert (ann["open_deals"], ann["win_rate"], ann["average_deal_size"]) == (2, Decimal("0.5"), 100)
    assert round(ann["pipeline_velocity"], 4) == round(100 / ann["sales_cycle_days"], 4)
    with pytest.raises(Invalid, match="not cut by"):
        get_velocity(ws, operator(), by="mood")


def test_slippage_is_of_what_was_due_when_the_quarter_began(ws):
    whole = get_slippage(ws, operator(), quarters=1, as_of=DAY).whole
    quarter = whole["quarters"][0]
    assert (quarter["due"], quarter["deals"]) == (100 + 80 + 50 + 300 + 30, 6)
    assert (quarter["slipped_deals"], [d["opportunity_id"] for d in whole["deals"]]) == (1, ["o4"])
    assert whole["deals"][0]["amount"] is None, "there is no rate for its currency"
    assert get_slippage(ws, ANN, quarters=1, as_of=DAY).whole["quarters"][0]["deals"] == 4
    with pytest.raises(Invalid):
        get_slippage(ws, operator(), quarters=0)


def test_inspection_says_why_and_what_it_could_not_judge(ws):
    whole = inspect_pipeline(ws, operator(), as_of=DAY).as_json()
    found = {d["opportunity_id"]: {r["rule"] for r in d["rules"]} for d in whole["deals"]}
    assert "past_close_date" in found["o3"]
    assert {r["rule"]: r["not_judged"] for r in whole["rules"]}["no_two_way_touch"] == 4
    assert {d["owner_id"] for d in inspect_pipeline(ws, ANN, as_of=DAY).as_json()["deals"]} == {"ann"}
    only = inspect_pipeline(ws, operator(), as_of=DAY, rule="past_close_date").as_json()
    assert [d["opportunity_id"] for d in only["deals"]] == ["o3"]
    with pytest.raises(Invalid, match="no rule"):
        inspect_pipeline(ws, operator(), rule="none")
    with pytest.raises(NotFound):
        inspect_pipeline(ws, ANN, owner="cleo")


def test_ageing_counts_every_open_deal_once(ws):
    whole = get_ageing(ws, operator(), as_of=DAY).whole
    assert (
        sum(s["deals"] for s in whole["stages"]) == sum(a["deals"] for a in whole["ages"]) == whole["open_deals"] == 4
    )


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
def test_odd_days_are_the_users_fault(ws, day):
    for ask in (get_coverage, get_velocity, get_ageing, get_slippage, inspect_pipeline):
        with pytest.raises(Invalid):
            ask(ws, operator(), as_of=day)
