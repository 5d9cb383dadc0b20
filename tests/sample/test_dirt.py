"""The dirt is where the list says, all of it and nowhere else."""

from __future__ import annotations

import json

import pytest

from geartrain.sample import write_sample

# Code and field to the key, the type and the condition that finds the same in the files.
FOUND = {
    ("close_date_past", "close_date"): ("opportunity_id", "deal", "not is_closed and close_date < '2026-09-09'"),
    ("open_without_account", "account_id"): ("opportunity_id", "deal", "not is_closed and account_id is null"),
    ("won_amount_zero", "amount"): ("opportunity_id", "deal", "is_won and amount::decimal(18, 2) = 0"),
    ("negative_cycle", "created_at"): ("opportunity_id", "deal", "ended < born"),
    ("missing_amount", "amount"): ("opportunity_id", "deal", "amount is null"),
    ("account_without_segment", "segment"): ("account_id", "account", "segment is null"),
    ("lead_without_owner", "owner_id"): ("lead_id", "lead", "mql_at is not null and owner_id is null"),
    ("account_name_placeholder", "name"): ("account_id", "account", "lower(name) in ('test', 'n/a', 'tbd')"),
    ("invoice_due_before_issue", "due_at"): ("invoice_id", "invoice", "due_at < issued_at"),
    ("negative_hours", "hours"): ("user_id || '/' || week || '/' || category", "time_entry", "hours::double <= 0"),
    ("unknown_reference", "product_id"): ("opportunity_id", "opportunity", "product_id = 'FLOWPRO'"),
    ("unknown_reference", "owner_id"): ("opportunity_id", "opportunity", "owner_id = 'U9417'"),
    ("placeholder", "company"): ("lead_id", "lead", "company = 'n/a'"),
    ("placeholder", "next_step"): ("opportunity_id", "opportunity", "next_step in ('n/a', 'test', 'tbd')"),
}


@pytest.mark.parametrize(("code", "field"), FOUND)
def test_planted_dirt_is_exactly_what_is_listed(sample, code, field):
    key, name, condition = FOUND[code, field]
    found = {k for (k,) in sample.all(f"select {key} from {name} where {condition}")}
    assert found - sample.known("unreadable_value") == sample.known(code, field)
    assert len(sample.known(code, field)) >= 2


def test_the_list_is_a_file_beside_the_records(sample):
    listed = json.loads(sample.summary.known_issues.read_text())
    assert sample.summary.known_issues.parent == sample.summary.folder
    assert listed["last_day"] == "2026-09-09"
    assert [i["count"] for i in listed["issues"]] == [len(i.keys) for i in sample.summary.issues]


def test_broken_rows_stand_alone(sample):
    """They are kept out of a load, so nothing may point at them."""
    for key in sample.known("unreadable_value"):
        for name in ("opportunity_change", "opportunity_line", "split", "quote", "contract", "lead", "touch"):
            column = "opportunity_id" if key.startswith("O") else "campaign_id" if key.startswith("C") else None
            if column and column in [r[0] for r in sample.all(f'describe "{name}"')]:
                assert sample.all(f"select * from \"{name}\" where {column} = '{key}'") == []


def test_misspelt_products_have_a_closest_match(sample):
    (issue,) = (i for i in sample.summary.issues if i.field == "product_id")
    assert (issue.value, issue.expected) == ("FLOWPRO", "FLOW-PRO")
    assert sample.all("select product_id from product where product_id = 'FLOW-PRO'") == [("FLOW-PRO",)]


@pytest.mark.parametrize(("sellers", "years", "seed"), [(6, 1, 5), (14, 2, 8)])
def test_every_kind_of_dirt_is_in_every_sample(tmp_path, sellers, years, seed):
    summary = write_sample(tmp_path, sellers=sellers, years=years, seed=seed)
    codes = {(i.code, i.field) for i in summary.issues}
    assert set(FOUND) | {("duplicate_row", "lead_id"), ("unreadable_value", "amount")} <= codes
