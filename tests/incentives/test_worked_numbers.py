"""Every worked number of the specification, through `geartrain pay quote`."""

import json
import sys
from decimal import Decimal

import pytest

from geartrain.cli.main import run
from tests.incentives.plans import ORACLE, SPEC, plan_text

MONTHS = ("2026-01-10", "2026-02-10", "2026-03-10", "2026-04-10", "2026-05-10", "2026-06-10")
ORACLE_CREDITS = [["2026-01-05", 200], ["2026-01-06", 300], ["2026-01-07", 1500], ["2026-02-05", 1200],
                  ["2026-02-06", 2000], ["2026-03-05", 4500]]  # fmt: skip


@pytest.fixture
def quote(tmp_path, capsys, monkeypatch):
    """Price given inputs under the text of a plan, as a stranger's script does."""

    def quote(text, given):
        (tmp_path / "plan.yaml").write_text(text)
        arguments = ["pay", "quote", str(tmp_path / "plan.yaml"), "--given", json.dumps(given), "--format", "json"]
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["geartrain", *arguments])
        run_quietly()
        return json.loads(capsys.readouterr().out)

    return quote


def run_quietly():
    with pytest.raises(SystemExit) as end:
        run()
    assert not end.value.code


def months(*amounts):
    return [[day, amount] for day, amount in zip(MONTHS, amounts, strict=False)]


def test_the_plan_of_the_specification_runs_as_it_stands(quote):
    found = quote(SPEC, {"quota": 1000000, "credits": [["2026-02-01", 600000]]})
    assert found["components"]["bookings"] == "38400.00"
    assert found["components"]["mbo"] is None
    assert [i["code"] for i in found["issues"]] == ["pay_score_missing"]
    assert sum(Decimal(s["pay"]) for s in found["slices"]) == Decimal("38400")


@pytest.mark.parametrize(
    ("window", "total", "lines"),
    [
        ("per_deal", "164.00", ["2.00", "3.00", "20.00", "14.00", "30.00", "95.00"]),
        ("month", "181.00", ["2.00", "3.00", "25.00", "14.00", "42.00", "95.00"]),
        ("quarter_to_date", "285.00", ["2.00", "3.00", "25.00", "26.00", "60.00", "169.00"]),
        ("year_to_date", "285.00", ["2.00", "3.00", "25.00", "26.00", "60.00", "169.00"]),
    ],
)
def test_one_table_three_answers(quote, window, total, lines):
    found = quote(plan_text(ORACLE, window=window), {"credits": ORACLE_CREDITS})
    assert found["components"]["bookings"] == total
    assert [line["amount"] for line in found["lines"]] == lines


def test_deals_grouped_by_month_each_month_alone(quote):
    found = quote(plan_text(ORACLE, window="per_deal", component="grouping: period"), {"credits": ORACLE_CREDITS})
    assert found["components"]["bookings"] == "181.00"


def test_ten_percent_to_300_000_and_fifteen_above(quote):
    found = quote(plan_text(), {"credits": months(120000, 150000, 90000)})
    assert [line["amount"] for line in found["lines"]] == ["12000.00", "15000.00", "12000.00"]
    late = quote(plan_text(), {"credits": months(100000, 150000, 90000)})
    assert [line["amount"] for line in late["lines"]] == ["10000.00", "15000.00", "11000.00"]


def test_rounding_is_cumulative_inside_the_window(quote):
    text = plan_text('[[0, null, "1"]]')
    third = {"credits": [["2026-01-01", "333.3333333333333"], ["2026-02-01", "333.3333333333333"],
                         ["2026-03-01", "333.3333333333334"]]}  # fmt: skip
    found = quote(text, third)
    assert [line["amount"] for line in found["lines"]] == ["333.33", "333.34", "333.33"]
    assert found["components"]["bookings"] == "1000.00"


@pytest.mark.parametrize("measure", ["per_deal", "per_period"])
def test_a_cap_that_carries(quote, measure):
    caps = f"caps: {{{measure}: 10000, excess: carry}}"
    found = quote(plan_text("[[0, null, 1]]", component=caps), {"credits": months(12500, 7000)})
    assert [p["paid"] for p in found["periods"]] == ["10000.00", "9500.00"]
    lost = quote(
        plan_text("[[0, null, 1]]", component=caps.replace("carry", "forfeit")), {"credits": months(12500, 7000)}
    )
    assert [p["paid"] for p in lost["periods"]] == ["10000.00", "7000.00"]


def test_a_draw_is_paid_back_above_its_floor(quote):
    recovery = "{start_period: 4, percent: 1, floor: draw}"
    draw = f"draw: {{amount: 2000, per: month, months: 6, recoverable: true, recovery: {recovery}}}"
    text = plan_text("[[0, null, 1]]", rest=draw)
    found = quote(text, {"credits": months(2750, 3000, 1500, 2375, 3000, 2750)})
    paid = ["2750.00", "3000.00", "2000.00", "2000.00", "2875.00", "2750.00"]
    assert [p["paid"] for p in found["periods"]] == paid
    assert [p["owed"] for p in found["periods"]] == ["0.00", "0.00", "500.00", "125.00", "0.00", "0.00"]


def test_a_holdback_and_its_release_add_up(quote):
    text = plan_text("[[0, null, 1]]", rest="holdback: {percent: 0.3, release: invoice_paid}")
    found = quote(text, {"credits": [["2026-01-10", "1000.01", {"invoice_paid": "2026-03-02"}]]})
    assert [(p["period"], p["paid"]) for p in found["periods"]] == [
        ("2026-01", "700.01"), ("2026-02", "0.00"), ("2026-03", "300.00")]  # fmt: skip
    assert [m["kind"] for m in found["movements"]] == ["withheld", "released"]
    assert [p["holding"] for p in found["periods"]] == ["300.00", "300.00", "0.00"]


def test_team_measures_pooled_and_averaged(quote):
    team = {"credits": [], "team": [[120000, 100000], [150000, 300000], [95000, 100000]]}
    assert quote(plan_text(), team)["team_attainment"] == {"bookings": "0.7300"}
    mean = plan_text().replace("credit: direct}", "credit: direct, team: mean}")
    assert quote(mean, team)["team_attainment"] == {"bookings": "0.8833"}


def test_numbers_may_be_written_as_text(quote):
    given = {"credits": [["2026-01-10", "10.10"]]}
    as_number, as_text = (quote(plan_text(f"[[0, null, {rate}]]"), given) for rate in ("0.1", '"0.1"'))
    assert as_number["components"] == as_text["components"] == {"bookings": "1.01"}
