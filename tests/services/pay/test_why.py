"""The first rule that left a deal out, for each reason there is."""

import pytest

from geartrain.kernel.errors import NotFound
from geartrain.services.access import Actor, Role
from geartrain.services.pay.why import explain_credit
from tests.incentives.company import company, won
from tests.incentives.plans import plan_text

FIN = Actor("fin@x", frozenset({Role.finance}))
DEALS = [
    won("PAID", "ann", "2026-01-10", 1000),
    won("LOST", "ann", "2026-01-10", 1000, is_won=False),
    won("EMPTY", "ann", "2026-01-10", None),
    won("EARLY", "ann", "2025-12-31", 1000),
    won("CLEOS", "cleo", "2026-01-10", 1000),
    won("SPLIT", "ann", "2026-01-10", 1000),
]
SPLITS = [
    {"opportunity_id": "SPLIT", "user_id": "ann", "share": "0.7", "credit_type": "direct"},
    {"opportunity_id": "SPLIT", "user_id": "abe", "share": "0.7", "credit_type": "direct"},
]


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    return company(tmp_path_factory.mktemp("why"), plans=[plan_text()], opportunity=DEALS, split=SPLITS)


@pytest.mark.parametrize(
    ("deal", "payee", "word"),
    [
        ("PAID", "ann", None),
        ("NONE", "ann", "There is no opportunity 'NONE'"),
        ("LOST", "ann", "is_won"),
        ("EMPTY", "ann", "amount"),
        ("EARLY", "ann", "2025-12-31, outside the plan"),
        ("PAID", "cleo", "cleo is not eligible"),
        ("CLEOS", "ann", "ann has no direct credit of CLEOS"),
        ("PAID", "abe", "abe has no direct credit of PAID"),
        ("SPLIT", "ann", "1.4"),
    ],
)
def test_names_the_first_rule_that_left_it_out(ws, deal, payee, word):
    (found,) = explain_credit(ws, FIN, deal=deal, payee=payee)
    assert (found.comp_plan, found.measure) == ("a-plan", "bookings")
    assert found.reason is None if word is None else word in found.reason


def test_is_for_those_who_may_see_the_pay(ws):
    ann, bob = (Actor(f"{n}@x", frozenset({r}), user_id=n) for n, r in (("ann", Role.seller), ("bob", Role.manager)))
    assert explain_credit(ws, ann, deal="PAID", payee="ann") == explain_credit(ws, bob, deal="PAID", payee="ann")
    for payee in ("abe", "nobody"):
        with pytest.raises(NotFound, match=f"There is no payee '{payee}'"):
            explain_credit(ws, ann, deal="PAID", payee=payee)
