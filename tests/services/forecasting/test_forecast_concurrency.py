"""Many people submit at once: nothing is lost, nothing is counted twice, and after the lock nothing comes in."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from geartrain.kernel.errors import GeartrainError, PeriodLocked
from geartrain.services.access import Actor, Role, operator
from geartrain.services.forecasting.forecast_calls import get_status, lock_call, open_call, submit_lines
from geartrain.services.records.loading import load_records
from geartrain.services.verifiers.forecasts import VERIFIER
from tests.services.conftest import POSTGRES, made
from tests.services.forecasting.test_forecast_calls import DAY, Q3

SELLERS = [f"s{n:02}" for n in range(50)]
BOSSES = ("b0", "b1")


@pytest.fixture(params=["sqlite", POSTGRES])
def ws(request, tmp_path):
    found = made(request.param, request, tmp_path / "w")
    folder = tmp_path / "export"
    folder.mkdir()
    users = ["user_id,name,manager_id,is_active", "top,Top,,true", "b0,Bo,top,true", "b1,Bea,top,true"]
    users += [f"{s},{s.upper()},b{n % 2},true" for n, s in enumerate(SELLERS)]
    deals = ["opportunity_id,owner_id,stage,amount,created_at,close_date,is_closed,is_won"]
    deals += [f"o{s},{s},New,10,2026-06-01,2026-09-10,false,false" for s in SELLERS]
    (folder / "user.csv").write_text("\n".join(users) + "\n")
    (folder / "opportunity.csv").write_text("\n".join(deals) + "\n")
    load_records(found, operator(), location=folder)
    open_call(found, operator(), period=Q3, as_of=DAY)
    get_status(found, operator(), period=Q3)
    return found


def together(ws, *asked):
    """Each in a thread of its own, all at once; what was raised, by place."""
    from django.db import connections

    def one(given):
        who, role, amount, more = given
        try:
            submit_lines(ws, Actor(who, frozenset({role}), who, who), period=Q3, said={"call": amount}, **more)
        except GeartrainError as error:
            return error
        finally:
            connections.close_all()
        return None

    with ThreadPoolExecutor(25) as pool:
        return list(pool.map(one, asked))


def test_fifty_submit_at_once(ws):
    raised = together(ws, *((s, Role.seller, str(n), {}) for n, s in enumerate(SELLERS)))
    assert raised == [None] * 50
    lines = {
        r["user_id"]: r for r in get_status(ws, operator(), period=Q3).as_json()["lines"] if r["category"] == "call"
    }
    assert [lines[s]["own"]["amount"] for s in SELLERS] == list(range(50))
    assert lines["top"]["roll_up"] == sum(range(50))
    assert list(VERIFIER(ws)) == []


def test_two_managers_at_once_both_stand_in_the_trail_and_one_counts(ws):
    why = {"user": "s00", "note": "one slips"}
    raised = together(
        ws, ("b0", Role.manager, "5", why), ("top", Role.head_of_sales, "6", why), ("b1", Role.manager, "7", why)
    )
    assert [type(e).__name__ for e in raised] == ["NoneType", "NoneType", "NotFound"]
    line = next(
        r for r in get_status(ws, operator(), period=Q3).as_json()["lines"]
        if (r["user_id"], r["category"]) == ("s00", "call")
    )  # fmt: skip
    from geartrain.stores.decisions.models import ForecastSubmission

    rows = list(ForecastSubmission.objects.order_by("id").values_list("amount", flat=True))
    assert sorted(rows) == [5, 6]
    assert line["effective"] == rows[-1]


def test_after_the_lock_nothing_comes_in(ws):
    lock_call(ws, operator(), period=Q3)
    raised = together(ws, *((s, Role.seller, "1", {}) for s in SELLERS[:10]))
    assert all(isinstance(e, PeriodLocked) for e in raised)
