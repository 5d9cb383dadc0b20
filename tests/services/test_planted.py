"""The sample company's known dirt, found by the check: exactly the records that were spoilt, none more."""

import json

import pytest

from geartrain.sample import write_sample
from geartrain.services.access import operator
from geartrain.services.records.loading import load_records
from geartrain.services.records.quality import list_failing
from geartrain.services.workspace import init_workspace

RULES = {
    ("leaver_owns_open", "owner_id"): ("leaver_owns_open", "opportunity_id"),
    ("placeholder", "company"): ("lead_without_company", "lead_id"),
    ("account_name_placeholder", "name"): ("account_name_placeholder", "account_id"),
}


@pytest.fixture(scope="module")
def dirty(tmp_path_factory):
    ws = init_workspace(tmp_path_factory.mktemp("planted") / "company")
    summary = write_sample(ws.path / "export", sellers=8, years=1, seed=4)
    load_records(ws, operator(), location=str(ws.path / "export"))
    return ws, json.loads(summary.known_issues.read_text())["issues"]


@pytest.mark.parametrize(("code", "field"), RULES)
def test_is_found_by_its_rule(dirty, code, field):
    ws, listed = dirty
    rule, key = RULES[code, field]
    planted = {k for issue in listed if (issue["code"], issue["field"]) == (code, field) for k in issue["keys"]}
    _, rows = list_failing(ws, operator(), rule=rule, limit=1_000)
    assert {row[key] for row in rows} == planted
    assert planted
