"""If I close these deals: the estimate is what the statement says once they are closed."""

import pytest

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.access import Actor, Role
from geartrain.services.pay.estimating import estimate_pay
from geartrain.services.pay.runs import get_statement
from tests.incentives.company import company, won
from tests.incentives.plans import plan_text
from tests.services.trying import load

ANN = Actor("ann@x", frozenset({Role.seller}), user_id="ann")
BOB = Actor("bob@x", frozenset({Role.manager}), user_id="bob")
CLEO = Actor("cleo@x", frozenset({Role.manager}), user_id="cleo")
DEALS = [won("D1", "ann", "2026-01-10", 250000)]
REST = """multipliers:
  - {when: "term = 3", pay: 1.5}
"""


def pending(key, owner, amount):
    lost = won(key, owner, "2026-06-01", amount)
    return lost | {"is_won": False, "is_closed": False, "closed_at": None, "stage": "Commit"}


@pytest.fixture
def ws(tmp_path):
    open_ = [pending("O1", "ann", 100000), pending("O2", "ann", 40000), pending("O3", "cleo", 9)]
    plan = plan_text(
        component='multipliers: [{when: "term = 3", pay: 1.5}]',
        rest="spifs: [{key: sp, from: 2026-06-01, to: 2026-07-01, per_unit: 500, budget: 1000}]",
    )
    return company(tmp_path, plans=[plan], opportunity=[*DEALS, *open_])


def test_the_estimate_equals_the_later_statement(ws):
    asked = [{"deal": "O1", "close": "2026-06-20"}, {"deal": "O2", "close": "2026-06-30", "amount": "60000.50"}]
    found = estimate_pay(ws, ANN, payee="ann", deals=asked)
    assert (found["period"], found["paid_now"]) == ("2026-06", "0.00")
    # 50,000 at 10 % and 110,000.50 at 15 %, and two SPIFs.
    assert found["paid"] == found["difference"] == "22500.08"
    assert [x["deal"] for x in found["lines"]] == ["O1", "O2", "O1", "O2"]
    before = get_statement(ws, ANN, payee="ann", period="2026-06")["paid"]
    assert before == "0.00"
    later = [won("O1", "ann", "2026-06-20", 100000), won("O2", "ann", "2026-06-30", "60000.50")]
    load(ws, {"opportunity": later}, at="2027-01-05")
    said = get_statement(ws, ANN, payee="ann", period="2026-06")
    mine = found["statement"]
    assert mine["paid"] == said["paid"]
    for a, b in zip(mine["components"], said["components"], strict=True):
        assert {k: a[k] for k in ("earned", "lines", "slices")} == {k: b[k] for k in ("earned", "lines", "slices")}


def test_a_deal_that_is_in_no_system_yet(ws):
    asked = [{"amount": 10000, "close": "2026-05-02", "term": 3}, {"amount": 10000, "close": "2026-05-03"}]
    found = estimate_pay(ws, BOB, payee="ann", deals=asked)
    assert [(x["deal"], x["amount"]) for x in found["lines"]] == [("supposed-1", "1500.00"), ("supposed-2", "1000.00")]
    assert found["paid"] == "2500.00"


def test_what_one_may_not_see_is_not_there(ws):
    said = []
    for actor, payee in ((CLEO, "ann"), (CLEO, "nobody"), (ANN, "abe")):
        with pytest.raises(NotFound) as stopped:
            estimate_pay(ws, actor, payee=payee, deals=[{"amount": 1, "close": "2026-05-02"}])
        said.append(stopped.value.message.replace(payee, "X"))
    assert len(set(said)) == 1
    said = []
    for deal in ("O3", "O9"):
        with pytest.raises(NotFound) as stopped:
            estimate_pay(ws, ANN, payee="ann", deals=[{"deal": deal, "close": "2026-05-02"}])
        said.append(stopped.value.message.replace(deal, "X"))
    assert len(set(said)) == 1


@pytest.mark.parametrize(
    "deals",
    [
        [],
        "O1",
        [1],
        [{"deal": "O1"}],
        [{"close": "2026-05-02"}],
        [{"amount": "x", "close": "2026-05-02"}],
        [{"amount": 1, "close": "1300-01-01"}],
    ],
)
def test_what_is_no_deal_is_said(ws, deals):
    with pytest.raises(Invalid):
        estimate_pay(ws, ANN, payee="ann", deals=deals)
