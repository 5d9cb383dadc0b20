"""The use cases behind the pages, over the real export loaded by its mapping."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from geartrain.kernel.errors import Forbidden, Invalid, NotFound
from geartrain.services.access import Actor, Role, operator
from geartrain.services.forecasting.pipeline import get_pipeline
from geartrain.services.measures.funnel import get_funnel
from geartrain.services.measures.overview import get_overview
from geartrain.services.measures.productivity import get_productivity
from geartrain.services.records.browsing import get_record, list_records
from geartrain.services.records.deals import list_deals
from geartrain.services.records.loading import load_records
from geartrain.services.records.quality import check_records, list_failing
from geartrain.services.view import get_view
from geartrain.services.workspace import init_workspace

ROOT = Path(__file__).parents[2]
EXPORT = ROOT.parent / "shared" / "data" / "crm-opportunities"


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    made = init_workspace(tmp_path_factory.mktemp("pages") / "ws", name="Maven")
    mapping = ROOT / "docs" / "tutorial" / "crm-opportunities.mapping.yaml"
    result = load_records(made, operator(), location=EXPORT, mapping=mapping)
    assert {k: (c.read, c.loaded) for k, c in result.counts.items()} == {
        "user": (41, 41),
        "account": (85, 85),
        "product": (7, 7),
        "opportunity": (8800, 8800),
    }
    return made


def seller(name):
    return Actor(f"{name}@example.test", frozenset({Role.seller}), name, name)


def test_a_page_looks_at_the_quarter_the_facts_end_in(ws):
    view, choices = get_view(ws, operator(), asked={})
    assert (view.period.key, view.as_of) == ("2017Q4", date(2017, 12, 31))
    assert view.stale_days > 365
    assert choices.periods[:2] == ("2017Q4", "2017")
    assert choices.values["region"] == ("Central", "East", "West")


@pytest.mark.parametrize("asked", [{"period": "2017-07"}, {"period": "soon"}, {"as_of": "31.12.2017"}])
def test_an_address_that_makes_no_sense_is_said(ws, asked):
    with pytest.raises(Invalid):
        get_view(ws, operator(), asked=asked)


def test_the_overview_says_what_was_booked_and_what_to_distrust(ws):
    view, _ = get_view(ws, operator(), asked={"period": "2017Q2"})
    found = get_overview(ws, operator(), view=view)
    assert found.bookings.value == Decimal(3_086_111)
    assert found.bookings.before == Decimal(1_134_672)
    assert found.goal.amount is None
    assert found.goal.attainment is None
    assert "GTXPro" in found.distrust[0].message
    assert found.distrust[0].closest == "GTX Pro"


def test_filters_cut_every_number(ws):
    whole, _ = get_view(ws, operator(), asked={})
    parts = [get_view(ws, operator(), asked={"region": r})[0] for r in ("Central", "East", "West")]
    booked = [get_overview(ws, operator(), view=v).bookings.value for v in (whole, *parts)]
    assert booked[0] == sum(booked[1:]) == Decimal(2_802_496)


def test_stages_without_a_history_have_no_conversion(ws):
    view, _ = get_view(ws, operator(), asked={})
    stages = {s.stage: s for s in get_pipeline(ws, operator(), view=view).stages}
    assert {k: s.deals for k, s in stages.items()} == {"Engaging": 1589, "Prospecting": 500}
    assert all(s.conversion is None for s in stages.values())


def test_productivity_adds_up_to_the_bookings(ws):
    view, _ = get_view(ws, operator(), asked={})
    for by in ("seller", "team", "region"):
        found = get_productivity(ws, operator(), view=view, by=by)
        assert sum(r["bookings"] for r in found.rows) == Decimal(2_802_496)
    with pytest.raises(Invalid, match="shoe size"):
        get_productivity(ws, operator(), view=view, by="shoe size")


def test_a_funnel_without_leads_is_empty_not_wrong(ws):
    view, _ = get_view(ws, operator(), asked={})
    found = get_funnel(ws, operator(), view=view)
    assert found.steps[0].entered == 0
    assert found.steps[0].onward is None
    assert found.steps[-1].entered == 1196


def test_deals_are_listed_with_what_is_missing(ws):
    view, _ = get_view(ws, operator(), asked={})
    open_ = list_deals(ws, operator(), view=view, what="open", limit=5)
    assert (open_.total, open_.without_amount, open_.amounts) == (2089, 2089, {})
    assert list_deals(ws, operator(), view=view, what="open", flag="no_account").total == 1425
    won = list_deals(ws, operator(), view=view, what="won", limit=1)
    assert won.amounts == {"USD": Decimal(2_802_496)}
    with pytest.raises(Invalid):
        list_deals(ws, operator(), view=view, what="stolen")


def test_a_check_finds_the_misspelt_product_and_the_deals_without_account(ws):
    found = {(f.rule, f.field, f.value): f for f in check_records(ws, operator()).findings}
    product = found["unmatched_reference", "product_id", "GTXPro"]
    assert (product.count, product.closest) == (1480, "GTX Pro")
    assert found["open_without_account", "account_id", None].count == 1425
    rule, rows = list_failing(ws, operator(), rule="open_without_account", limit=10)
    assert rule.type == "opportunity"
    assert [r["account_id"] for r in rows] == [None] * 10


def test_a_seller_sees_own_deals_only_by_any_way(ws):
    anna = seller("Anna Snelling")
    view, _ = get_view(ws, anna, asked={})
    assert {r["owner_id"] for r in list_deals(ws, anna, view=view, what="won", limit=5_000).rows} == {"Anna Snelling"}
    stranger = list_records(ws, operator(), type="opportunity", where="owner_id = 'Moses Frase'", limit=1).rows[0]
    with pytest.raises(NotFound) as hidden:
        get_record(ws, anna, type="opportunity", key=(stranger["opportunity_id"],))
    with pytest.raises(NotFound) as absent:
        get_record(ws, anna, type="opportunity", key=("no such deal",))
    assert str(hidden.value).replace(stranger["opportunity_id"], "X") == str(absent.value).replace("no such deal", "X")
    assert list_records(ws, anna, type="opportunity", where="owner_id = 'Moses Frase'").total == 0
    with pytest.raises(Forbidden):
        check_records(ws, anna)


def test_a_manager_sees_the_whole_team(ws):
    cara = Actor("cara@example.test", frozenset({Role.manager}), "Cara Losch", "Cara")
    view, _ = get_view(ws, cara, asked={"period": "2017"})
    mine = get_overview(ws, cara, view=view).bookings.value
    team, _ = get_view(ws, operator(), asked={"period": "2017", "team": "Cara Losch"})
    assert mine == get_overview(ws, operator(), view=team).bookings.value > 0
