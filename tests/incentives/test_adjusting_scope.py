"""Approvers see and approve the adjustments of their own people; to others' there is nothing."""

from decimal import Decimal

import pytest

from geartrain.kernel.errors import Forbidden, NotFound
from geartrain.services.access import Actor, Role
from geartrain.services.pay.adjusting import approve_adjustment, list_adjustments, request_adjustment
from tests.incentives.company import company, won

FIN = Actor("fin@x", frozenset({Role.finance}))
ASKED = {"payee": "ann", "period": "2026-01", "amount": Decimal("5"), "kind": "goodwill", "budget": "B", "reason": "R"}


def test_an_approver_sees_those_of_their_people(tmp_path):
    ws = company(tmp_path, opportunity=[won("D1", "ann", "2026-01-10", 1000)])
    made = request_adjustment(ws, FIN, **ASKED)
    dan = Actor("dan@x", frozenset({Role.head_of_sales}), user_id="dan")
    other = Actor("cleo@x", frozenset({Role.head_of_sales}), user_id="cleo")
    assert [a["id"] for a in list_adjustments(ws, dan)] == [made["id"]]
    assert list_adjustments(ws, other) == []
    with pytest.raises(NotFound):
        approve_adjustment(ws, other, id=made["id"])
    with pytest.raises(Forbidden):
        list_adjustments(ws, Actor("bob@x", frozenset({Role.manager}), user_id="bob"))
    assert approve_adjustment(ws, dan, id=made["id"])["state"] == "approved"
