"""Worked numbers of pay through the whole run where the facts lie on each engine: load, run, approve, lock, replay."""

import json
from contextlib import contextmanager

import pytest

from geartrain.services.access import operator
from geartrain.services.pay.ledger import replay_pay
from geartrain.services.records.loading import load_records
from geartrain.services.workspace import init_workspace, open_workspace
from tests.engines.conftest import url_of
from tests.incentives.plans import SPEC, plan_text
from tests.services.pay.test_worked_full import FIN, closed, earned, keys, monthly, quota, seller, won, written


@pytest.fixture
def firm(engine, request, tmp_path):
    """A workspace whose facts lie on the engine."""
    with contextmanager(url_of)(engine, request) as url:

        def firm(text, deals, users, **tables):
            ws = init_workspace(tmp_path / "firm", name="Firm")
            settings = ws.path / "geartrain.toml"
            told = f"[warehouse]\nurl = {json.dumps(url)}"
            settings.write_text(settings.read_text().replace('[warehouse]\nurl = ""', told))
            ws = open_workspace(ws.path)
            ws.warehouse.migrate()
            (ws.policies / "plan.yaml").write_text(text)
            head = {"user_id": "dan", "name": "Dan", "role": "head", "is_active": "true"}
            files = written(tmp_path / "csv", user=[*users, head], opportunity=deals, **tables)
            load_records(ws, operator(), location=str(files))
            return ws

        yield firm


def test_the_plan_of_the_specification(firm):
    deal = won(1, "2026-02-01", 600000, margin_pct="0.5", term_months=12, product_family="core")
    ws = firm(SPEC, [deal], [seller("ann", "ae-enterprise", mbo="1.1")], quota=[quota(1000000)])
    assert earned(closed(ws, "2026-01", "2026-02")) == ["0.00", "38400.00"]


def test_a_late_january_is_adjusted_in_april(firm, tmp_path):
    deals = monthly(120000, 150000, 90000)
    ws = firm(plan_text(), deals, [seller("ann")])
    assert [s["paid"] for s in closed(ws, *keys(1, 3))] == ["12000.00", "15000.00", "12000.00"]
    late = written(tmp_path / "late", opportunity=[deals[0] | {"amount": 100000}])
    load_records(ws, operator(), location=str(late))
    assert replay_pay(ws, FIN, period="2026-04")["amount"] == "-3000.00"
    assert replay_pay(ws, FIN, period="2026-04")["adjustments"] == []
    assert closed(ws, "2026-04")[0]["paid"] == "-3000.00"
