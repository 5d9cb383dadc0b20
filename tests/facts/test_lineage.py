"""What a view rests on is read off the view: columns that are not needed are not named, those that choose rows are."""

import pytest

from geartrain.facts import record_types, view_types
from geartrain.facts.lineage import below


def test_a_record_type_rests_on_itself():
    assert below("lead", frozenset({"mql_at"})) == {"lead": ("mql_at",)}
    assert set(below("lead")["lead"]) == {c.name for c in record_types()["lead"].columns}


def test_what_pushes_are_counted_from():
    found = below("close_date_push", frozenset({"pushes"}))
    assert found["opportunity_change"] == ("changed_at", "field", "new_value", "old_value", "opportunity_id")
    assert {"close_date", "opportunity_id"} <= set(found["opportunity"])
    assert "amount" not in found["opportunity"]


def test_a_column_of_one_side_of_a_join_names_the_key_of_the_other():
    found = below("lead_journey", frozenset({"mql_at"}))
    assert "mql_at" in found["lead"]
    assert "rejected_at" not in found["lead"]
    assert found["touch"] == ("lead_id", "occurred_at")


@pytest.mark.parametrize("name", sorted(view_types()))
def test_every_view_rests_on_records_or_on_policies(name):
    whole = below(name)
    assert set(whole) <= set(record_types())
    assert bool(whole) == (name != "plan_month")  # the company's goals are a policy
    for kind, columns in whole.items():
        assert set(columns) <= {*record_types()[kind].schema}
    for column in view_types()[name].columns:
        part = below(name, frozenset({column.name}))
        assert set(part) <= set(whole)
        assert all(set(part[k]) <= set(whole[k]) for k in part)
