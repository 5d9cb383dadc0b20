"""Pay runs through the services: from deals to locked statements, a late change and its adjustment."""

import json

import pytest

from geartrain.kernel.errors import Conflict, Invalid, NotFound, PeriodLocked
from geartrain.services.access import Actor, Role
from geartrain.services.pay.ledger import approve_pay, lock_pay, replay_pay
from geartrain.services.pay.runs import check_statement, get_statement, run_pay
from tests.incentives.company import company, won
from tests.incentives.plans import plan_text
from tests.services.trying import load

FIN = Actor("fin@x", frozenset({Role.finance}))
HEAD = Actor("dan@x", frozenset({Role.head_of_sales}), user_id="dan")
ANN = Actor("ann@x", frozenset({Role.seller}), user_id="ann")
BOB = Actor("bob@x", frozenset({Role.manager}), user_id="bob")
CLEO = Actor("cleo@x", frozenset({Role.seller}), user_id="cleo")
DEE = Actor("dee@x", frozenset({Role.auditor}))
QUARTER = [won("D1", "ann", "2026-01-10", 120000), won("D2", "ann", "2026-02-10", 150000),
           won("D3", "ann", "2026-03-10", 90000)]  # fmt: skip


def paid(ws, payee, period):
    return get_statement(ws, FIN, payee=payee, period=period)["paid"]


def close(ws, period):
    run_pay(ws, FIN, period=period)
    approve_pay(ws, HEAD, period=period)
    approve_pay(ws, FIN, period=period)
    return lock_pay(ws, FIN, period=period)


def test_a_quarter_is_locked_and_a_late_change_is_an_adjustment(tmp_path):
    ws = company(tmp_path, opportunity=QUARTER)
    for month, amount in (("2026-01", "12000.00"), ("2026-02", "15000.00"), ("2026-03", "12000.00")):
        assert close(ws, month)["paid"] == amount
    before = {m: json.dumps(get_statement(ws, FIN, payee="ann", period=m)) for m in ("2026-01", "2026-02", "2026-03")}
    load(ws, {"opportunity": [won("D1", "ann", "2026-01-10", 100000)]}, at="2027-01-05")
    assert "pay_replay_due" in [i.code for i in run_pay(ws, FIN, period="2026-04").issues]
    posted = replay_pay(ws, FIN, period="2026-04")
    assert [(a["origin"], a["amount"]) for a in posted["adjustments"]] == [
        ("2026-01", "-2000.00"),
        ("2026-03", "-1000.00"),
    ]
    assert posted["amount"] == "-3000.00"
    assert replay_pay(ws, FIN, period="2026-04")["adjustments"] == []
    april = get_statement(ws, FIN, payee="ann", period="2026-04")
    assert april["paid"] == "-3000.00"
    assert [(a["old"], a["new"]) for a in april["adjustments"]] == [("12000.00", "10000.00"), ("12000.00", "11000.00")]
    assert {m: json.dumps(get_statement(ws, FIN, payee="ann", period=m)) for m in before} == before
    assert close(ws, "2026-04")["paid"] == "-3000.00"
    with pytest.raises(PeriodLocked):
        replay_pay(ws, FIN, period="2026-01")


def test_locking_takes_sales_and_finance_two_people_and_what_they_saw(tmp_path):
    ws = company(tmp_path, opportunity=QUARTER)
    with pytest.raises(NotFound):
        approve_pay(ws, FIN, period="2026-01")
    run_pay(ws, FIN, period="2026-01")
    with pytest.raises(Conflict, match="not approved"):
        lock_pay(ws, FIN, period="2026-01")
    both = Actor("both@x", frozenset({Role.finance, Role.head_of_sales}))
    approve_pay(ws, both, period="2026-01", side="sales")
    with pytest.raises(Conflict, match="another person"):
        approve_pay(ws, both, period="2026-01", side="finance")
    approve_pay(ws, FIN, period="2026-01")
    load(ws, {"opportunity": [won("D1", "ann", "2026-01-10", 100000)]}, at="2027-01-05")
    with pytest.raises(Conflict, match="another result"):
        lock_pay(ws, FIN, period="2026-01")


def test_statements_are_for_the_payee_their_managers_finance_and_the_auditor(tmp_path):
    ws = company(tmp_path, opportunity=QUARTER)
    for actor in (ANN, BOB, HEAD, FIN, DEE):
        assert get_statement(ws, actor, payee="ann", period="2026-01")["paid"] == "12000.00"
    ops = Actor("ops@x", frozenset({Role.revops}))
    said = []
    for actor, payee in ((CLEO, "ann"), (ops, "ann"), (ANN, "abe"), (CLEO, "nobody")):
        with pytest.raises(NotFound) as stopped:
            get_statement(ws, actor, payee=payee, period="2026-01")
        said.append(stopped.value.message.replace(payee, "X"))
    assert len(set(said)) == 1


def test_every_statement_verifies_from_its_own_lineage_and_an_altered_one_does_not(tmp_path):
    ws = company(tmp_path, opportunity=QUARTER)
    said = json.loads(json.dumps(get_statement(ws, FIN, payee="ann", period="2026-03"), default=str))
    assert check_statement(said) == []
    said["components"][0]["slices"][0]["pay_exact"] = "1"
    assert [i.code for i in check_statement(said)] == ["pay_statement_altered"]


def test_shuffled_and_batched_facts_give_the_same_manifest(tmp_path):
    whole = company(tmp_path / "a", opportunity=QUARTER)
    parts = company(tmp_path / "b", opportunity=[QUARTER[2]])
    load(parts, {"opportunity": [QUARTER[1]]}, at="2027-01-01")
    load(parts, {"opportunity": [QUARTER[0]]}, at="2027-01-02")
    found = [run_pay(ws, FIN, period="2026-03").manifest for ws in (whole, parts)]
    assert found[0] == found[1]


def test_splits_overlays_and_rollups_each_by_their_own_plan(tmp_path):
    rules = """crediting:
  - {type: direct, to: owner, share: split_or_all}
  - {type: overlay, to: "role = 'solution-engineer' and region = deal.region", share: 0.5}
  - {type: rollup, to: managers, levels: 1, dedupe: opportunity}
"""
    one = plan_text("[[0, null, 0.1]]", rest=rules)
    support = (
        one.replace("a-plan", "se")
        .replace("[ae]", "[solution-engineer]")
        .replace("credit: direct}", "credit: overlay}")
    )
    managers = one.replace("a-plan", "mgr").replace("[ae]", "[manager]").replace("credit: direct}", "credit: rollup}")
    deals = [won("D1", "ann", "2026-01-10", 1000), won("D2", "ann", "2026-01-11", 500)]
    shares = [("D1", "ann", "0.6"), ("D1", "abe", "0.4"), ("D2", "ann", "0.6")]
    split = [{"opportunity_id": d, "user_id": u, "share": s, "credit_type": "direct"} for d, u, s in shares]
    ws = company(tmp_path, plans=[one, support, managers], opportunity=deals, split=split)
    assert [paid(ws, who, "2026-01") for who in ("ann", "abe", "sol", "bob")] == ["60.00", "40.00", "50.00", "60.00"]
    assert [i.code for i in run_pay(ws, FIN, period="2026-01").issues] == ["pay_splits_sum"]


def test_what_is_altered_behind_our_back_is_named(tmp_path):
    from django.db import connection

    from geartrain.services.pay.verifying import verify_pay

    ws = company(tmp_path, opportunity=QUARTER)
    close(ws, "2026-01")
    load(ws, {"opportunity": [won("D1", "ann", "2026-01-10", 100000)]}, at="2027-01-05")
    replay_pay(ws, FIN, period="2026-02")
    assert list(verify_pay(ws)) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%pay%'")
        triggers = [name for (name,) in cursor.fetchall()]
        assert triggers
        with pytest.raises(Exception, match=r"never|append|locked"):
            cursor.execute("UPDATE decisions_paystatement SET body = '{}'")
        for name in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute("UPDATE decisions_paystatement SET body = replace(body, '12000', '22000') WHERE payee = 'ann'")
        cursor.execute("UPDATE decisions_payentry SET amount = amount + 1 WHERE old IS NOT NULL")
    found = [(i.code, i.where) for i in verify_pay(ws)]
    assert found == [("pay_altered", "pay/2026-01/ann"), ("pay_altered", "pay/2026-02")]


def test_a_plan_that_cannot_be_read_is_said_to_pay_nobody(tmp_path):
    broken = plan_text().replace("a-plan", "b-plan").replace("window: year_to_date", "window: fortnight")
    ws = company(tmp_path, plans=[plan_text(), broken], opportunity=QUARTER)
    (found,) = [i for i in run_pay(ws, FIN, period="2026-03").issues if i.code == "pay_plan_unread"]
    assert found.where.startswith("policies/plan1.yaml:")
    assert "fortnight" in found.message or "window" in found.message
    (ws.policies / "plan0.yaml").unlink()
    with pytest.raises(Invalid, match=r"plan1\.yaml"):
        run_pay(ws, FIN, period="2026-03")
    # What is wrong with another kind is no matter of pay.
    (ws.policies / "plan1.yaml").write_text(plan_text())
    (ws.policies / "other.yaml").write_text("kind: metric\nkey: x\n")
    assert [i.code for i in run_pay(ws, FIN, period="2026-03").issues if i.code == "pay_plan_unread"] == []
