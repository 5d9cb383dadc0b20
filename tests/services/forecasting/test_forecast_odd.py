"""Odd companies: an answer with a sentence of what is lacking, never an error, and no number that is none."""

import csv
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.access import operator
from geartrain.services.forecasting.forecasts import backtest_forecast, explain_deal, run_forecast
from geartrain.services.forecasting.pipeline_history import get_as_of
from geartrain.services.records.loading import load_records
from geartrain.services.workspace import init_workspace

DAY = date(2026, 5, 20)
HEAD = ("opportunity_id", "owner_id", "stage", "amount", "currency", "created_at", "close_date", "closed_at",
        "is_closed", "is_won")  # fmt: skip


def deal(n, created, *, ended=None, won=False, amount="1000", currency="", owner="U1"):
    stage = ("Won" if won else "Lost") if ended else "Proposal"
    close = ended or created + timedelta(days=90)
    at = f"{ended}T09:00:00Z" if ended else ""
    flags = (str(bool(ended)).lower(), str(won).lower())
    return (f"D{n}", owner, stage, amount, currency, f"{created}T09:00:00Z", str(close), at, *flags)


def many(count=150, start=date(2025, 1, 3), days=500, **more):
    """Deals over the days, half of them closed after 50 days, and of those two in three won."""
    for n in range(count):
        created = start + timedelta(days=n * days // count)
        ended = created + timedelta(days=20 + 7 * (n % 9))
        known = n % 5 and ended <= DAY
        yield deal(n, created, ended=ended if known else None, won=bool(known and n % 3), **more)


COMPANIES = {
    "five deals": [deal(n, DAY - timedelta(days=40 - n)) for n in range(5)],
    "none won": [deal(n, DAY - timedelta(days=300 - n), ended=DAY - timedelta(days=200 - n)) for n in range(60)],
    "one seller": list(many()),
    "no history": [],
    "all open": [deal(n, DAY - timedelta(days=n)) for n in range(120)],
    "negative amounts": list(many(amount="-250.5")),
    "huge amounts": list(many(amount="1000000000000.01")),
    "no amounts": list(many(amount="")),
    "currencies without rates": [
        (*r[:4], ("EUR", "USD", "JPY")[n % 3], *r[5:]) for n, r in enumerate(many())
    ],
    "one week": [deal(n, DAY - timedelta(n % 7), ended=DAY if n % 2 else None, won=n % 4 == 1) for n in range(100)],
    "nobody owns them": list(many(owner="")),
    "all won": [deal(n, DAY - timedelta(days=700 - 3 * n), ended=DAY - timedelta(days=690 - 3 * n), won=True)
                for n in range(230)],
}  # fmt: skip
LACKING = {
    "five deals": "No deal has been won", "none won": "No deal has been won", "no history": "no deals",
    "all open": "No deal has been won", "one week": "whole period", "no amounts": "no amount",
    "currencies without rates": "no amount", "all won": "No deal is open",
}  # fmt: skip


def company(folder, rows):
    export = folder / "export"
    export.mkdir()
    with (export / "opportunity.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEAD, *rows])
    (export / "user.csv").write_text("user_id,name,role,is_active\nU1,Ann,seller,true\n")
    ws = init_workspace(folder / "ws")
    load_records(ws, operator(), location=export)
    return ws


@pytest.mark.parametrize("what", COMPANIES)
def test_an_odd_company_has_an_answer(tmp_path, what):
    ws = company(tmp_path, COMPANIES[what])
    for period in ("2026Q2", "2026Q4"):
        found = run_forecast(ws, operator(), period=period, as_of=DAY).as_json()
        json.dumps(found, default=str, allow_nan=False)
        assert "nan" not in json.dumps(found, default=str).lower().replace("finance", "")
        total = found["total"]
        assert total["p10"] <= total["p50"] <= total["p90"]
        assert found["closed"] + found["open"]["mean"] + found["uncreated"]["mean"] == total["mean"]
        assert all(0 <= d["p_win_in_period"] <= 1 for d in found["deals"])
    first = run_forecast(ws, operator(), period="2026Q2", as_of=DAY).as_json()
    if what in LACKING:
        assert any(LACKING[what] in sentence for sentence in first["method"]["lacking"])
    json.dumps(backtest_forecast(ws, operator(), every=60, last=2, as_of=DAY).as_json(), default=str, allow_nan=False)
    for one in first["deals"][:1]:
        told = explain_deal(ws, operator(), opportunity=one["opportunity_id"], period="2026Q2", as_of=DAY)
        assert sum(told["contributions"].values()) == pytest.approx(told["p_win_in_period"], abs=1e-5)


def test_an_open_deal_without_a_chance_is_not_said_to_be_closed(tmp_path):
    rows = COMPANIES["five deals"]
    ws = company(tmp_path, rows)
    with pytest.raises(NotFound, match="no chance of its own") as said:
        explain_deal(ws, operator(), opportunity=rows[0][0], as_of=DAY)
    assert "No deal has been won" in said.value.hint
    with pytest.raises(NotFound, match="no deal that was open"):
        explain_deal(ws, operator(), opportunity="D99", as_of=DAY)


def test_a_day_no_calendar_of_business_has_is_refused(tmp_path):
    ws = company(tmp_path, COMPANIES["five deals"])
    for ask in (run_forecast, backtest_forecast):
        with pytest.raises(Invalid, match="day of business"):
            ask(ws, operator(), as_of=date(1800, 1, 1))


def test_a_date_of_the_far_future_does_not_hide_what_is_known_now(tmp_path):
    """Without changes a value is known from the last instant the facts speak of; none speaks of what is to come."""
    today = datetime.now(UTC).date()
    rows = [deal(1, today - timedelta(days=40)), deal(2, date(2190, 1, 1))]
    ws = company(tmp_path, rows)
    found = get_as_of(ws, operator(), as_of=today + timedelta(days=1))
    assert (found.deals, found.amount, found.unknown) == (1, 1000, 0)
