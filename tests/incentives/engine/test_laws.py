"""What binds the two evaluators: sets and the exact evaluator of one payee give the same cent, in any order."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from geartrain.incentives.components import Ground
from geartrain.incentives.engine import Work, price_again, price_component, unsupported
from geartrain.incentives.engine.price import credits_of_rows, dues_of, unit_of
from geartrain.incentives.engine.terms import terms_of
from geartrain.incentives.engine.weigh import Weights
from geartrain.incentives.lines import Payee, QuotaFact
from geartrain.incentives.plan import CompPlan
from geartrain.incentives.windows import window_of
from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import FiscalCalendar
from tests.incentives.engine.worlds import credits, plans, staffs

SCHEMA = pa.schema([
    ("payee", pa.string()), ("id", pa.string()), ("day", pa.date32()), ("type", pa.string()),
    ("amount", pa.decimal128(18, 2)), ("booked", pa.decimal128(18, 2)), ("rate", pa.decimal128(10, 4)),
    ("family", pa.string()), ("margin", pa.decimal128(6, 3)), ("term", pa.int64()),
])  # fmt: skip
COLUMNS = {*SCHEMA.names, "user.level", "credit"}
CALENDAR = FiscalCalendar()
EXAMPLES = int(os.environ.get("GEARTRAIN_PAY_EXAMPLES", 150))


@pytest.fixture(scope="module")
def duck():
    con = ibis.duckdb.connect(threads=1)
    yield con
    con.disconnect()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kept")


def people(payees):
    rows = {"payee": [p.id for p in payees], "user.level": [p.user["level"] for p in payees]}
    return ibis.memtable(rows, schema=ibis.schema({"payee": "string", "user.level": "string"}))


def in_sets(execute, table, plan, payees):
    work = Work(plan, plan.components[0], payees, table, CALENDAR, execute, people=people(payees))
    return price_component(work)


def one_by_one(plan, payees, rows):
    component = plan.components[0]
    held = credits_of_rows(pa.Table.from_pylist(rows, SCHEMA), component)
    found = []
    for payee in payees:
        mine = replace(payee, credits=tuple(held.get(payee.id, ())))
        found += dues_of(Ground(plan, mine, CALENDAR), component)
    return found


def said(dues):
    return {(d.payee, d.window, d.period): (d.credit, d.exact, d.amount) for d in dues if d.credit or d.exact}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans(), staffs(), credits())
def test_sets_give_the_cent_of_the_exact_evaluator(duck, plan, payees, rows):
    component = plan.components[0]
    if unsupported(component, COLUMNS):
        return
    note(plan.model_dump_json(exclude_defaults=True))
    table = ibis.memtable(pa.Table.from_pylist(rows, SCHEMA))
    assert said(in_sets(duck.to_pyarrow, table, plan, payees).dues) == said(one_by_one(plan, payees, rows))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans(), staffs(), credits(), st.randoms(use_true_random=False))
def test_the_order_of_the_facts_and_the_threads_do_not_matter(duck, plan, payees, rows, chance):
    if unsupported(plan.components[0], COLUMNS):
        return
    shuffled = rows[:]
    chance.shuffle(shuffled)
    other = ibis.duckdb.connect(threads=2)
    try:
        first = in_sets(duck.to_pyarrow, ibis.memtable(pa.Table.from_pylist(rows, SCHEMA)), plan, payees)
        again = in_sets(other.to_pyarrow, ibis.memtable(pa.Table.from_pylist(shuffled, SCHEMA)), plan, payees)
    finally:
        other.disconnect()
    assert first == again


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans(), staffs(), credits(), st.randoms(use_true_random=False))
def test_a_change_prices_again_only_whom_it_touches(duck, plan, payees, rows, chance):
    if unsupported(plan.components[0], COLUMNS) or not rows:
        return
    changed = {r["id"] for r in chance.sample(rows, min(2, len(rows)))}
    was = {r["payee"] for r in rows if r["id"] in changed}
    # Some go, some grow, and one comes to somebody else.
    later = [r if r["id"] not in changed else {**r, "amount": r["amount"] * 2} for r in rows if chance.random() > 0.5
             or r["id"] not in changed]  # fmt: skip
    later.append({**rows[0], "id": "came", "payee": payees[-1].id})
    first, now = (ibis.memtable(pa.Table.from_pylist(r, SCHEMA)) for r in (rows, later))
    work = Work(plan, plan.components[0], payees, now, CALENDAR, duck.to_pyarrow, people=people(payees))
    again = price_again(work, in_sets(duck.to_pyarrow, first, plan, payees), {*changed, "came"}, was=was)
    assert again == in_sets(duck.to_pyarrow, now, plan, payees)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans(), staffs(), credits())
def test_the_slices_kept_add_up_to_what_is_paid(duck, folder, plan, payees, rows):
    component = plan.components[0]
    late = component.threshold is not None and component.threshold.kind == "first_dollar"
    if unsupported(component, COLUMNS) or component.caps.per_period or component.caps.per_deal or late:
        return
    kept = []

    def keep(name, table):
        path = folder / f"{name}.parquet"
        duck.to_parquet(table, path)
        back = duck.read_parquet(path)
        assert dict(back.schema()).keys() == dict(table.schema()).keys()
        assert not [c for c, kind in back.schema().items() if kind.is_floating()]
        if name.startswith("slice"):
            kept.extend(duck.to_pyarrow(back).to_pylist())
        return back

    table = ibis.memtable(pa.Table.from_pylist(rows, SCHEMA))
    work = Work(plan, component, payees, table, CALENDAR, duck.to_pyarrow, keep=keep, people=people(payees))
    priced = price_component(work)
    if not kept:
        return
    terms = {(t.payee, t.window.key): t for t in terms_of(plan, component, payees, CALENDAR, unit=unit_of(work))}
    total = Fraction(0)
    for row in kept:
        window = window_of(row["day"], component.window, plan, CALENDAR)
        term = terms[row["payee"], window.key]
        band = (term.windfall if row["fall"] else term.table).bands[row["n"]]
        part = Fraction(int(row["part"]), term.unit * term.fine)
        total += part * band.rate * Weights(component).factor(row["mask"]) * Fraction(row["rate"])
    assert total == sum((d.exact for d in priced.dues), Fraction(0))


def test_amounts_beyond_64_bits_are_exact(duck):
    plan = CompPlan.model_validate({
        "kind": "comp_plan", "key": "huge", "name": "Huge", "currency": "USD", "eligible": "true",
        "effective": ["2026-01-01", "2027-01-01"], "target_incentive": {"annual": 7},
        "measures": {"bookings": {"from": "opportunity", "date": "day"}},
        "components": [{"key": "sales", "measure": "bookings", "quota": {"measure": "bookings"}, "non_par": True,
                        "tiers": {"kind": "marginal"}, "rates": [[0, "0.3", "0.1"], ["0.3", None, "0.25"]]}],
    })  # fmt: skip
    quota = Fraction(10**16, 7)
    payees = [Payee("ann", {"level": "senior"}, (QuotaFact("bookings", date(2026, 1, 1), date(2027, 1, 1), quota),))]
    huge = Decimal("900000000000000.01")
    rows = [{"payee": "ann", "id": f"d{n}", "day": date(2026, 1 + n, 1), "type": "direct", "amount": huge}
            for n in range(9)]  # fmt: skip
    table = ibis.memtable(pa.Table.from_pylist(rows, SCHEMA))
    assert said(in_sets(duck.to_pyarrow, table, plan, payees).dues) == said(one_by_one(plan, payees, rows))


def test_what_sets_cannot_price_is_refused_in_words(duck):
    plan = CompPlan.model_validate({
        "kind": "comp_plan", "key": "fast", "name": "Fast", "currency": "USD", "eligible": "true",
        "effective": ["2026-01-01", "2027-01-01"], "target_incentive": {"annual": 100},
        "measures": {"bookings": {"from": "opportunity", "date": "day"}},
        "components": [{"key": "sales", "measure": "bookings", "quota": {"measure": "bookings"}, "non_par": True,
                        "tiers": {"kind": "marginal"}, "rates": [[0, None, "0.1"]],
                        "multipliers": [{"when": "attainment > 1", "pay": 2}]}],
    })  # fmt: skip
    with pytest.raises(Invalid, match="`attainment > 1` depends on the lines before"):
        in_sets(duck.to_pyarrow, ibis.memtable(pa.Table.from_pylist([], SCHEMA)), plan, [])
