"""Every worked number of the specification through the whole run: files, load, run, two approvals, lock, statement."""

import csv
import json
from decimal import Decimal

import pytest

from geartrain.services.access import Actor, Role, operator
from geartrain.services.pay.exports import export_pay
from geartrain.services.pay.ledger import approve_pay, lock_pay, replay_pay
from geartrain.services.pay.runs import check_statement, get_statement, run_pay
from geartrain.services.records.loading import load_records
from geartrain.services.workspace import init_workspace
from tests.incentives.plans import ORACLE, SPEC, plan_text
from tests.incentives.test_worked_numbers import MONTHS, ORACLE_CREDITS

FIN = Actor("fin@x", frozenset({Role.finance}))
HEAD = Actor("dan@x", frozenset({Role.head_of_sales}), user_id="dan")
YEAR = ("2026-01-01", "2027-01-01")


def written(folder, **tables):
    """CSV files as a source exports them."""
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            out = csv.DictWriter(file, fieldnames=list(dict.fromkeys(k for row in rows for k in row)))
            out.writeheader()
            out.writerows(rows)
    return folder


def seller(key, role="ae", **more):
    return {"user_id": key, "name": key.title(), "role": role, "is_active": "true", "team": "west", **more}


def won(n, day, amount, **more):
    return {"opportunity_id": f"D{n}", "owner_id": "ann", "stage": "Won", "type": "new", "is_closed": "true",
            "is_won": "true", "created_at": "2025-12-01", "closed_at": f"{day}T12:00:00Z", "amount": amount,
            "currency": "USD", **more}  # fmt: skip


def quota(amount, user="ann", start=YEAR[0], end=YEAR[1]):
    return {"user_id": user, "measure": "bookings", "period_start": start, "period_end": end, "amount": amount,
            "currency": "USD"}  # fmt: skip


@pytest.fixture
def firm(tmp_path):
    """A workspace of one plan and some files."""

    def firm(text, deals, users=(seller("ann"),), **tables):
        ws = init_workspace(tmp_path / "firm", name="Firm")
        (ws.policies / "plan.yaml").write_text(text)
        head = {"user_id": "dan", "name": "Dan", "role": "head", "is_active": "true"}
        load_records(
            ws, operator(), location=str(written(tmp_path / "csv", user=[*users, head], opportunity=deals, **tables))
        )
        return ws

    return firm


def closed(ws, *periods, payee="ann"):
    """The locked statements of these periods, in order; each verifies from its own lineage."""
    found = []
    for period in periods:
        run_pay(ws, FIN, period=period)
        approve_pay(ws, HEAD, period=period)
        approve_pay(ws, FIN, period=period)
        lock_pay(ws, FIN, period=period)
        said = json.loads(json.dumps(get_statement(ws, FIN, payee=payee, period=period), default=str))
        assert check_statement(said) == []
        found.append(said)
    return found


def earned(statements, key="bookings"):
    return [c["earned"] for s in statements for c in s["components"] if c["key"] == key]


def monthly(*amounts):
    return [won(n, day, amount) for n, (day, amount) in enumerate(zip(MONTHS, amounts, strict=False))]


def keys(first, last):
    return [f"2026-{month:02}" for month in range(first, last + 1)]


def test_the_plan_of_the_specification_as_it_stands(firm):
    deal = won(1, "2026-02-01", 600000, margin_pct="0.5", term_months=12, product_family="core")
    ws = firm(SPEC, [deal], [seller("ann", "ae-enterprise", mbo="1.1")], quota=[quota(1000000)])
    january, february = closed(ws, "2026-01", "2026-02")
    assert earned([january, february]) == ["0.00", "38400.00"]
    # 1.1 lies half-way between 1 and 1.5 on the curve: 120,000 × 0.2 × 1.25 in twelve parts.
    assert earned([january, february], "mbo") == ["2500.00", "2500.00"]
    (line,) = next(c for c in february["components"] if c["key"] == "bookings")["lines"]
    assert line["deal"] == "D1"
    assert Decimal(february["components"][0]["attainment"]) == Decimal("0.6")


@pytest.mark.parametrize(
    ("window", "rest", "pays"),
    [
        ("per_deal", "", ["25.00", "44.00", "95.00"]),
        ("month", "", ["30.00", "56.00", "95.00"]),
        ("per_deal", "grouping: period", ["30.00", "56.00", "95.00"]),
        ("quarter_to_date", "", ["30.00", "86.00", "169.00"]),
        ("year_to_date", "", ["30.00", "86.00", "169.00"]),
    ],
)
def test_one_table_three_answers(firm, window, rest, pays):
    deals = [won(n, day, amount) for n, (day, amount) in enumerate(ORACLE_CREDITS)]
    ws = firm(plan_text(ORACLE, window=window, component=rest), deals)
    assert earned(closed(ws, *keys(1, 3))) == pays


def test_a_late_january_is_adjusted_in_april_once(firm, tmp_path):
    deals = monthly(120000, 150000, 90000)
    ws = firm(plan_text(), deals)
    assert [s["paid"] for s in closed(ws, *keys(1, 3))] == ["12000.00", "15000.00", "12000.00"]
    before = [get_statement(ws, FIN, payee="ann", period=p) for p in keys(1, 3)]
    late = written(tmp_path / "late", opportunity=[deals[0] | {"amount": 100000}])
    load_records(ws, operator(), location=str(late))
    posted = replay_pay(ws, FIN, period="2026-04")
    assert [(a["origin"], a["amount"]) for a in posted["adjustments"]] == [
        ("2026-01", "-2000.00"), ("2026-03", "-1000.00")]  # fmt: skip
    assert replay_pay(ws, FIN, period="2026-04")["adjustments"] == []
    (april,) = closed(ws, "2026-04")
    assert april["paid"] == "-3000.00"
    assert [get_statement(ws, FIN, payee="ann", period=p) for p in keys(1, 3)] == before


def test_rounding_is_cumulative_over_the_months_of_a_window(firm):
    ws = firm(plan_text("[[0, null, 0.3333333333]]"), monthly(1000, 1000, 1000))
    assert [s["paid"] for s in closed(ws, *keys(1, 3))] == ["333.33", "333.34", "333.33"]


@pytest.mark.parametrize("cap", ["per_deal", "per_period"])
def test_a_cap_that_carries(firm, cap):
    ws = firm(
        plan_text("[[0, null, 1]]", component=f"caps: {{{cap}: 10000, excess: carry}}"), monthly(12500, 7000, 500)
    )
    assert [s["paid"] for s in closed(ws, *keys(1, 3))] == ["10000.00", "9500.00", "500.00"]


def test_siebels_draw(firm):
    recovery = "{start_period: 4, percent: 1, floor: draw}"
    draw = f"draw: {{amount: 2000, per: month, months: 6, recoverable: true, recovery: {recovery}}}"
    ws = firm(plan_text("[[0, null, 1]]", rest=draw), monthly(2750, 3000, 1500, 2375, 3000, 2750))
    found = closed(ws, *keys(1, 6))
    assert [s["paid"] for s in found] == ["2750.00", "3000.00", "2000.00", "2000.00", "2875.00", "2750.00"]
    assert [s["draws"]["owed"] for s in found] == ["0.00", "0.00", "500.00", "125.00", "0.00", "0.00"]


def test_seventy_thirty_released_when_the_invoice_is_paid(firm):
    text = plan_text("[[0, null, 1]]", rest="holdback: {percent: 0.3, release: invoice_paid}")
    invoice = {"invoice_id": "I1", "account_id": "A1", "opportunity_id": "D0", "issued_at": "2026-01-20",
               "paid_at": "2026-03-02", "amount": "1000.01", "currency": "USD"}  # fmt: skip
    ws = firm(text, [won(0, "2026-01-10", "1000.01")], invoice=[invoice])
    found = closed(ws, *keys(1, 3))
    assert [(s["held"], s["released"], s["paid"]) for s in found] == [
        ("300.00", "0.00", "700.01"), ("0.00", "0.00", "0.00"), ("0.00", "300.00", "300.00")]  # fmt: skip


@pytest.mark.parametrize(("mean", "said"), [("", "0.7300"), (", team: mean", "0.8833")])
def test_a_team_pooled_and_averaged(firm, mean, said):
    text = plan_text("[[0, 1, 0.05], [1, null, 0.08]]", basis="quota_share", target="{annual: 100000}",
                     component="quota: {measure: bookings}\nnon_par: true")  # fmt: skip
    team = {"ann": (120000, 100000), "abe": (150000, 300000), "bea": (95000, 100000)}
    deals = [won(n, "2026-01-10", x) | {"owner_id": who} for n, (who, (x, _)) in enumerate(team.items())]
    ws = firm(
        text.replace("credit: direct}", f"credit: direct{mean}}}"),
        deals,
        [seller(who) for who in team],
        quota=[quota(q, who) for who, (_, q) in team.items()],
    )
    (found,) = closed(ws, "2026-01")
    assert found["components"][0]["team_attainment"] == said
    assert found["components"][0]["attainment"] == "1.2000"


def test_five_thousand_are_written_off_over_three_years(firm):
    ws = firm(plan_text("[[0, null, 1]]"), [won(0, "2026-01-10", 5000)])
    closed(ws, *keys(1, 2))
    rows = [export_pay(ws, FIN, period=p, kind="asc340", life=36)[0] for p in keys(1, 2)]
    assert [(r["opening"], r["capitalised"], r["amortised"], r["closing"]) for r in rows] == [
        ("0.00", "5000.00", "138.89", "4861.11"), ("4861.11", "0.00", "138.89", "4722.22")]  # fmt: skip


@pytest.mark.parametrize(
    ("frequency", "periods", "pays"),
    [
        ("quarter", ["2026-Q1", "2026-Q2"], ["3000.00", "9000.00"]),
        ("half_year", ["2026-H1", "2026-H2"], ["12000.00", "0.00"]),
        ("year", ["2026"], ["12000.00"]),
    ],
)
def test_paid_less_often_than_monthly(firm, frequency, periods, pays):
    text = plan_text("[[0, 30000, 0.1], [30000, null, 0.3]]", rest=f"pay: {{frequency: {frequency}, lag_days: 15}}")
    ws = firm(text, monthly(10000, 10000, 10000, 10000, 10000, 10000))
    assert [s["paid"] for s in closed(ws, *periods)] == pays


def test_a_deal_clawed_back_within_its_days_takes_back_what_was_paid(firm):
    rest = 'clawback: {when: "churned_at is not null", within_days: 90, amount: full, affects_attainment: false}'
    deals = [won(0, "2026-01-10", 1000, churned_at="2026-03-05"), won(1, "2026-01-11", 500, churned_at="2026-08-01")]
    ws = firm(plan_text("[[0, null, 1]]", rest=rest), deals)
    found = closed(ws, *keys(1, 3))
    assert [(s["paid"], s["clawed_back"]) for s in found] == [
        ("1500.00", "0.00"), ("0.00", "0.00"), ("-1000.00", "-1000.00")]  # fmt: skip
