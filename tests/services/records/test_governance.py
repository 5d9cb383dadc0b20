"""Data governance over a small company: completeness where it applies, stewards, sources, lineage."""

from datetime import datetime
from decimal import Decimal

import pytest

from geartrain.kernel.errors import Forbidden
from geartrain.services.access import Actor, Role, operator
from geartrain.services.records.governance import govern_data
from geartrain.services.records.loading import load_records
from tests.services.trying import deal, load, workspace

REGISTRY = """kind: field_registry
key: default
name: Fields
owner: head-of-revops
definition: Who answers for what.
spec:
  fields:
    - {field: opportunity.amount, steward: sales, system_of_record: crm, definition: Price, required_when: is_won}
    - {field: opportunity.color, steward: sales, system_of_record: crm, definition: There is none}
"""


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    found = workspace(tmp_path_factory.mktemp("governed"))
    load(found, {"opportunity": [
        deal("A", "ann", "2026-03-10T12:00:00", 100),
        deal("B", "ann", "2026-03-11T12:00:00", None),
        deal("C", "ann", "2026-03-12T12:00:00", None, won=False),
    ]})  # fmt: skip
    return found


def test_without_a_registry_it_says_so(ws):
    found = govern_data(ws, operator())
    assert found.fields == ()
    assert "field_registry_missing" in [i.code for i in found.issues]


def test_counts_where_a_field_is_required_and_names_what_there_is_not(ws):
    (ws.policies / "registry.yaml").write_text(REGISTRY)
    found = govern_data(ws, operator()).as_json()
    (row,) = found["fields"]
    # Eight were won, two of these here; B and one of the workspace's own have no amount.
    assert (row["field"], row["applicable"], row["filled"], row["completeness"]) == (
        "opportunity.amount", 8, 6, Decimal("0.75"))  # fmt: skip
    assert "field_registry_unknown" in [i["code"] for i in found["issues"]]
    assert found["freshness"]
    bookings = next(m for m in found["lineage"] if m["metric"] == "bookings")
    assert bookings["type"] == "opportunity"


def test_lineage_goes_through_views_and_formulas_down_to_the_columns_and_their_source(ws, tmp_path):
    (tmp_path / "opportunity.csv").write_text(
        "opportunity_id,stage,created_at,is_closed,is_won,close_date\nZ,Open,2026-02-01,false,false,2026-05-01\n"
    )
    load_records(ws, operator(), location=tmp_path, known_at=datetime(2027, 1, 1))
    rows = {m["metric"]: m for m in govern_data(ws, operator()).as_json()["lineage"]}
    facts = {f["type"]: f for f in rows["push_count"]["facts"]}
    assert rows["push_count"]["type"] == "close_date_push"
    assert facts["opportunity_change"]["columns"] == ["changed_at", "field", "new_value", "old_value", "opportunity_id"]
    assert facts["opportunity"]["sources"] == ["folder"]
    assert facts["opportunity_change"]["sources"] == []
    assert rows["push_count"]["sources"] == ["folder"]
    # A formula is made of what its parts are made of.
    win = {f["type"]: f["columns"] for f in rows["win_rate"]["facts"]}
    velocity = {f["type"]: f["columns"] for f in rows["pipeline_velocity"]["facts"]}
    assert rows["pipeline_velocity"]["type"] == ""
    assert set(win["opportunity"]) < set(velocity["opportunity"])
    # Only what a company's goals are taken from is no record.
    assert {m for m, row in rows.items() if not row["facts"]} == {"bookings_goal"}


def test_is_not_for_sellers(ws):
    with pytest.raises(Forbidden):
        govern_data(ws, Actor("ann@x", frozenset({Role.seller}), user_id="ann"))
