"""Disputes from opened to closed, adjustments by hand, and who may do what."""

from decimal import Decimal

import pytest

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound, PeriodLocked
from geartrain.services.access import Actor, Role
from geartrain.services.commitments import list_commitments
from geartrain.services.pay.adjusting import (
    approve_adjustment,
    list_adjustments,
    refuse_adjustment,
    request_adjustment,
)
from geartrain.services.pay.disputes import (
    accept_dispute,
    close_dispute,
    get_dispute,
    list_disputes,
    open_dispute,
    reject_dispute,
    triage_dispute,
)
from geartrain.services.pay.ledger import approve_pay, lock_pay, replay_pay
from geartrain.services.pay.runs import get_statement, run_pay
from geartrain.services.pay.verifying import verify_pay
from tests.incentives.company import company, won

FIN = Actor("fin@x", frozenset({Role.finance}))
HEAD = Actor("dan@x", frozenset({Role.head_of_sales}), user_id="dan")
ANN = Actor("ann@x", frozenset({Role.seller}), user_id="ann")
ABE = Actor("abe@x", frozenset({Role.seller}), user_id="abe")
BOB = Actor("bob@x", frozenset({Role.manager}), user_id="bob")
CLEO = Actor("cleo@x", frozenset({Role.manager}), user_id="cleo")
DEE = Actor("dee@x", frozenset({Role.auditor}))
DEALS = [won("D1", "ann", "2026-01-10", 120000), won("D2", "abe", "2026-01-11", 1000)]
WRONG = {"payee": "ann", "period": "2026-01", "kind": "amount", "component": "bookings", "deal": "D1"}


@pytest.fixture
def ws(tmp_path):
    return company(tmp_path, opportunity=DEALS)


def test_a_rejected_dispute_answers_with_the_arithmetic(ws):
    made = open_dispute(ws, ANN, **WRONG, text="It was 130,000.")
    assert (made["state"], made["late"]) == ("opened", False)
    assert [(c.assignee, c.outstanding) for c in list_commitments(ws, FIN, kind="pay_dispute")] == [("finance", True)]
    with pytest.raises(Conflict, match="in dispute already"):
        open_dispute(ws, BOB, **WRONG, text="Again.")
    with pytest.raises(Conflict, match="opened"):
        reject_dispute(ws, FIN, id=made["id"], answer="No.")
    assert triage_dispute(ws, FIN, id=made["id"], root_cause="reading")["state"] == "triaged"
    found = reject_dispute(ws, FIN, id=made["id"], answer="The contract says 120,000.")
    assert found["trace"] == ["2026-01-10, D1: 120,000 × 0.1 (tier 1) = 12000.00"]
    assert not any(c.outstanding for c in list_commitments(ws, FIN, kind="pay_dispute"))
    assert close_dispute(ws, ANN, id=made["id"])["state"] == "closed"
    with pytest.raises(Conflict):
        triage_dispute(ws, FIN, id=made["id"])
    assert open_dispute(ws, ANN, **WRONG, text="Still.")["id"] != made["id"]


def test_why_a_deal_is_not_credited_is_the_answer_to_a_missing_one(ws):
    asked = {"payee": "ann", "period": "2026-01", "kind": "missing_credit", "text": "Mine."}
    with pytest.raises(Invalid, match="Which deal"):
        open_dispute(ws, ANN, **asked)
    made = open_dispute(ws, ANN, **asked, deal="D2")
    triage_dispute(ws, FIN, id=made["id"])
    assert reject_dispute(ws, FIN, id=made["id"], answer="Abe's.")["trace"] == ["ann has no direct credit of D2."]


def test_an_accepted_dispute_is_paid_by_an_adjustment_that_two_people_want(ws):
    made = open_dispute(ws, ANN, **WRONG, text="It was 130,000.")
    triage_dispute(ws, FIN, id=made["id"])
    paid = {"amount": Decimal("1000.00"), "into": "2026-01", "budget": "FY26"}
    found = accept_dispute(ws, FIN, id=made["id"], answer="Booked late.", root_cause="late booking", **paid)
    waiting = found["adjustments"][0]
    assert get_statement(ws, FIN, payee="ann", period="2026-01")["paid"] == "12000.00"
    with pytest.raises(Conflict, match="waits for approval"):
        close_dispute(ws, ANN, id=made["id"])
    with pytest.raises(Conflict, match="what they asked for"):
        approve_adjustment(ws, FIN, id=waiting["id"])
    assert approve_adjustment(ws, HEAD, id=waiting["id"])["state"] == "approved"
    said = get_statement(ws, FIN, payee="ann", period="2026-01")
    assert (said["adjusted"], said["paid"]) == ("1000.00", "13000.00")
    assert close_dispute(ws, FIN, id=made["id"])["state"] == "closed"
    run_pay(ws, FIN, period="2026-01")
    approve_pay(ws, HEAD, period="2026-01")
    approve_pay(ws, FIN, period="2026-01")
    assert lock_pay(ws, FIN, period="2026-01")["paid"] == "13100.00"
    assert replay_pay(ws, FIN, period="2026-02")["adjustments"] == []
    assert list(verify_pay(ws)) == []


def test_an_adjustment_has_a_type_a_budget_a_limit_and_an_open_period(ws):
    asked = {"payee": "ann", "period": "2026-01", "amount": Decimal("100"), "kind": "goodwill", "budget": "B",
             "reason": "R"}  # fmt: skip
    for wrong in (
        {"kind": "gift"},
        {"budget": " "},
        {"reason": ""},
        {"amount": Decimal(0)},
        {"amount": Decimal("1.001")},
    ):
        with pytest.raises(Invalid):
            request_adjustment(ws, FIN, **asked | wrong)
    with pytest.raises(NotFound):
        request_adjustment(ws, FIN, **asked | {"payee": "dan"})
    big = request_adjustment(ws, FIN, **asked | {"amount": Decimal("-20000.00")})
    other = Actor("fin2@x", frozenset({Role.finance}))
    with pytest.raises(Forbidden, match="at most, and this is"):
        approve_adjustment(ws, other, id=big["id"])
    with pytest.raises(Forbidden):
        approve_adjustment(ws, ANN, id=big["id"])
    assert refuse_adjustment(ws, FIN, id=big["id"], note="A slip.")["state"] == "refused"
    small = request_adjustment(ws, FIN, **asked)
    run_pay(ws, FIN, period="2026-01")
    approve_pay(ws, HEAD, period="2026-01")
    approve_pay(ws, FIN, period="2026-01")
    lock_pay(ws, FIN, period="2026-01")
    with pytest.raises(PeriodLocked):
        approve_adjustment(ws, other, id=small["id"])
    with pytest.raises(PeriodLocked):
        request_adjustment(ws, FIN, **asked)
    assert [a["state"] for a in list_adjustments(ws, DEE)] == ["requested", "refused"]
    assert get_statement(ws, FIN, payee="ann", period="2026-01")["paid"] == "12000.00"


def test_disputes_are_for_the_payee_their_managers_finance_and_the_auditor(ws):
    made = open_dispute(ws, ANN, **WRONG, text="It was 130,000.")
    for actor in (ANN, BOB, HEAD, FIN, DEE):
        assert get_dispute(ws, actor, id=made["id"])["payee"] == "ann"
        assert len(list_disputes(ws, actor)) == 1
    said = []
    for actor, id in ((ABE, made["id"]), (CLEO, made["id"]), (CLEO, 999)):
        with pytest.raises(NotFound) as stopped:
            get_dispute(ws, actor, id=id)
        said.append(stopped.value.message.replace(str(id), "N"))
        assert list_disputes(ws, actor) == []
    assert len(set(said)) == 1
    with pytest.raises(NotFound):
        open_dispute(ws, ABE, **WRONG, text="Not mine.")
    with pytest.raises(Forbidden):
        open_dispute(ws, DEE, **WRONG | {"kind": "rate"}, text="Audited.")
    with pytest.raises(Forbidden):
        triage_dispute(ws, BOB, id=made["id"])
