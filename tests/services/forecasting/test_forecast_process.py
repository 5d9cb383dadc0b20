"""The forecast process as a policy: categories, when calls are due, who submits and is reminded, and its lints."""

from datetime import date, datetime

import pytest

from geartrain.intelligence.forecast.policy import ForecastProcess, Moment, Rounds
from geartrain.kernel.errors import Conflict
from geartrain.services.access import Role, operator
from geartrain.services.commitments import list_commitments, meet_commitment, my_work
from geartrain.services.forecasting.forecast_calls import get_status, lock_call, open_call, submit_forecast
from geartrain.services.governance import check_policy
from geartrain.services.people import actor_of, create_user
from geartrain.services.records.loading import load_records
from geartrain.services.workspace import init_workspace

Q3 = "2026Q3"
POLICY = """kind: forecast_process
key: default
name: The weekly call
owner: head-of-revops
definition: Everyone says every week what the quarter will bring.
spec:
  stages: {New: pipeline, Proposal: best_case, Negotiation: commit}
  seller_may_change: CHANGE
  submits: [account_executive, sales_manager]
"""
TABLES = {
    "user": [
        "user_id,name,role,manager_id,is_active,start_date,end_date",
        "bob,Bob,sales_manager,,true,,", "ann,Ann,account_executive,bob,true,,",
        "eve,Eve,account_executive,bob,false,,2026-03-13", "hal,Hal,finance,,true,,",
    ],
    "opportunity": [
        "opportunity_id,owner_id,stage,forecast_category,amount,created_at,close_date,is_closed,is_won",
        "o1,ann,Negotiation,,50,2026-06-01,2026-09-10,false,false",
        "o2,ann,New,Commit,30,2026-06-01,2026-09-10,false,false",
        "o3,eve,Proposal,,20,2026-06-01,2026-09-10,false,false",
    ],
}  # fmt: skip


def made(tmp_path, change="true"):
    folder = tmp_path / "export"
    folder.mkdir()
    for name, lines in TABLES.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    ws = init_workspace(tmp_path / "ws")
    (ws.path / "policies" / "forecast_process.yaml").write_text(POLICY.replace("CHANGE", change))
    load_records(ws, operator(), location=folder)
    for user, role in (("ann", Role.seller), ("bob", Role.manager)):
        create_user(ws, operator(), email=f"{user}@x.example", name=user, roles=[role], user_id=user, password="p" * 14)
    return ws


def lines(ws):
    rows = get_status(ws, operator(), period=Q3).as_json()["lines"]
    return {(r["user_id"], r["category"]): r["roll_up"] for r in rows}


@pytest.mark.parametrize(("change", "commit"), [("true", 80), ("false", 50)])
def test_stages_are_mapped_and_a_seller_may_change_it_or_not(tmp_path, change, commit):
    ws = made(tmp_path, change)
    open_call(ws, operator(), period=Q3)
    assert lines(ws)["ann", "commit"] == commit
    assert lines(ws)["bob", "best_case"] == commit + 20


def test_who_submits_is_expected_and_reminded_until_they_have(tmp_path):
    ws = made(tmp_path)
    open_call(ws, operator(), period=Q3)
    ann = actor_of(ws, "ann@x.example")
    assert get_status(ws, operator(), period=Q3).missing == ["ann", "bob"], "Eve has left, and Hal does not submit"
    (owed,) = my_work(ws, ann)
    assert (owed.kind, owed.title) == ("forecast_submission", "Submit your forecast of 2026Q3")
    with pytest.raises(Conflict):
        meet_commitment(ws, ann, id=owed.id)
    submit_forecast(ws, ann, period=Q3, category="call", amount=90)
    assert my_work(ws, ann) == []
    assert get_status(ws, operator(), period=Q3).missing == ["bob"]
    lock_call(ws, operator(), period=Q3)
    states = {c.assignee: (str(c.state), c.outstanding) for c in list_commitments(ws, operator())}
    assert states == {"ann@x.example": ("met", False), "bob@x.example": ("cancelled", False)}


def test_deadlines_are_on_the_wall_clock():
    sunday = date(2026, 9, 6)
    assert Moment(days=2, at="17:00").after(sunday, "America/New_York") == datetime(2026, 9, 8, 21)
    assert Moment(days=2, at="17:00").after(date(2026, 12, 6), "America/New_York") == datetime(2026, 12, 8, 22)
    with pytest.raises(ValueError, match="in that order"):
        Rounds(due=Moment(days=4))


def test_its_lints_name_stage_and_line(tmp_path):
    ws = made(tmp_path)
    process = "kind: sales_process\nkey: default\nname: P\nowner: head-of-sales\ndefinition: D.\nspec:\n  spine:\n"
    process += "".join(f"    - {{key: {s}}}\n" for s in ("New", "Proposal", "Negotiation", "Legal"))
    process += "    - {key: Won, kind: won}\n    - {key: Lost, kind: lost}\n"
    (ws.path / "policies" / "sales_process.yaml").write_text(process)
    text = POLICY.replace("CHANGE", "true").replace("New: pipeline", "Nwe: pipeline")
    found = {i.code: i for i in check_policy(ws, operator(), text=text)}
    assert "Did you mean 'New'" in found["forecast_stage_unknown"].hint
    assert {"forecast_stage_missing", "forecast_stage_unknown"} <= set(found)


def test_categories_without_a_policy_are_what_is_stated():
    plain = ForecastProcess()
    assert [plain.category(s, "New") for s in ("Best Case", "Commit", None, "odd")] == [
        "best_case", "commit", "pipeline", "pipeline",
    ]  # fmt: skip
