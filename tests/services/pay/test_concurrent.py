"""Fifty people at one statement: every dispute is kept once, every adjustment paid once."""

from decimal import Decimal

from geartrain.services.access import Actor, Role
from geartrain.services.pay.adjusting import approve_adjustment, request_adjustment
from geartrain.services.pay.disputes import list_disputes, open_dispute, triage_dispute
from geartrain.services.pay.runs import get_statement
from geartrain.services.pay.verifying import verify_pay
from tests.incentives.company import USERS, won
from tests.incentives.plans import plan_text
from tests.services.trying import at_once, load

FIN = Actor("fin@x", frozenset({Role.finance}))
ANN = Actor("ann@x", frozenset({Role.seller}), user_id="ann")
MANY = 50


def test_fifty_at_one_time(ws):
    (ws.policies / "plan.yaml").write_text(plan_text())
    deals = [won(f"D{n}", "ann", "2026-01-10", 1000 + n) for n in range(MANY // 2)]
    load(ws, {"user": USERS, "opportunity": deals})
    get_statement(ws, FIN, payee="ann", period="2026-01")

    def opened(n):
        what = {"payee": "ann", "period": "2026-01", "component": "bookings", "deal": f"D{n % (MANY // 2)}"}
        return lambda: open_dispute(ws, ANN, **what, kind="amount", text=f"number {n}")

    assert at_once([opened(n) for n in range(MANY)]) == MANY // 2
    found = list_disputes(ws, FIN)
    assert sorted(d["deal"] for d in found) == sorted(f"D{n}" for n in range(MANY // 2))

    assert at_once([lambda d=d: triage_dispute(ws, FIN, id=d["id"]) for d in found for _ in (1, 2)]) == MANY // 2
    asked = {"payee": "ann", "period": "2026-01", "amount": Decimal("10"), "kind": "goodwill", "budget": "B"}
    held = [request_adjustment(ws, FIN, **asked, reason=f"r{n}")["id"] for n in range(10)]
    two = [Actor(f"head{n}@x", frozenset({Role.head_of_sales}), user_id="dan") for n in range(2)]
    assert at_once([lambda i=i, a=a: approve_adjustment(ws, a, id=i) for i in held for a in two]) == 10
    assert get_statement(ws, FIN, payee="ann", period="2026-01")["adjusted"] == "100.00"
    assert list(verify_pay(ws)) == []
