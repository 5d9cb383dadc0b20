"""The discount matrix, the envelope of an approval, leakage; contracts' notice and sync."""

from datetime import date
from decimal import Decimal

import pytest

from geartrain.process.approval import ApprovalMatrix, Line, Quote, asked, breaches, fired, leakage, required
from geartrain.process.contracts import notice_by, notices, unsynced

MATRIX = ApprovalMatrix.model_validate(
    {
        "authority": "0.10",
        "rows": [
            {"key": "manager", "when": "discount > 0.10", "approver": "manager"},
            {"key": "head", "when": "discount > 0.20", "approver": "head_of_sales"},
            {"key": "line", "scope": "line", "when": "discount > 0.30", "approver": "finance"},
            {"key": "terms", "when": "payment_days > 45", "approver": "finance"},
        ],
    }
)


def quote(net, *, revision=1, days=30, status="", quantity=10, other="100"):
    lines = (
        Line("X", Decimal(quantity), Decimal(100), Decimal(net)),
        Line("Y", Decimal(1), Decimal(100), Decimal(other)),
    )
    return Quote("Q", revision, lines, days, 12, "USD", status)


@pytest.mark.parametrize(
    ("net", "days", "roles"),
    [("89", 30, []), ("88", 30, ["manager"]), ("65", 46, ["manager", "head_of_sales", "finance"]), ("100", 45, [])],
)
def test_the_union_of_the_rows_that_fire(net, days, roles):
    assert required(fired(MATRIX, quote(net, days=days))) == roles


def test_blended_and_line_discount_are_exact():
    values = quote("70").values
    assert values["discount"] == 1 - Decimal("0.727272727273")  # 800 / 1100
    assert values["max_line_discount"] == Decimal("0.3")
    assert values["margin"] is None


def test_an_approval_holds_while_nothing_gets_worse():
    steps = [
        quote("80", revision=1, status="approved"),
        quote("85", revision=2),
        quote("75", revision=3),
        quote("80", revision=4, days=60),
    ]
    got = asked(MATRIX, steps)
    assert [a.roles for a in got] == [("manager",), (), ("manager", "head_of_sales"), ("finance",)]
    assert [w.value for w in got[2].worse] == ["discount", "max_line_discount"]


def test_unknown_is_worse_than_known():
    assert [w.value for w in breaches({"margin": Decimal("0.5")}, {"margin": None})] == ["margin"]


def test_leakage_is_what_lies_beyond_the_authority():
    assert leakage(MATRIX, quote("75")) == 150
    assert leakage(MATRIX, quote("95")) == 0


def test_a_row_that_reads_what_is_not_there_is_refused():
    with pytest.raises(ValueError, match="disount"):
        ApprovalMatrix.model_validate({"rows": [{"key": "a", "when": "disount > 0", "approver": "x"}]})


def contract(**more):
    row = {"contract_id": "C", "account_id": "A", "opportunity_id": "O", "state": "active", "value": Decimal(10)}
    row |= {"currency": "USD", "end_date": date(2027, 1, 31), "auto_renew": True, "notice_days": 60}
    return row | {"executed_at": date(2026, 1, 1)} | more


def test_notice_is_the_end_less_the_days():
    assert notice_by(date(2027, 1, 31), 60) == date(2026, 12, 2)
    got = notices([contract(), contract(contract_id="D", notice_days=None)], as_of=date(2026, 12, 3))
    assert [(n.contract_id, n.state, n.days_left) for n in got] == [("C", "missed", -1), ("D", "unknown", None)]


@pytest.mark.parametrize(
    ("deal", "problem"),
    [
        ({"is_won": True, "amount": Decimal(10), "currency": "USD"}, None),
        ({"is_won": True, "amount": Decimal(9), "currency": "USD"}, "another value than its opportunity"),
        ({"is_won": False, "amount": Decimal(10), "currency": "USD"}, "its opportunity is not won"),
        (None, "its opportunity does not exist"),
    ],
)
def test_an_executed_contract_needs_the_won_deal_of_its_value(deal, problem):
    got = unsynced([contract()], {"O": deal} if deal else {})
    assert [u.problem for u in got] == ([problem] if problem else [])
