"""What must hold of any facts."""

import json
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.utils import qth_survival_time

from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.measure import query
from geartrain.kernel.measure.notes import wilson
from tests.kernel.measure.cases import METRICS, PEOPLE, deal, metric, state

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
START = date(2026, 1, 1)
days = st.integers(0, 364).map(lambda n: START + timedelta(days=n))
amounts = st.one_of(st.none(), st.decimals(-1000, 10**9, places=4, allow_nan=False))
owners = st.sampled_from(["ann", "bob", "cleo", "dee", "nobody", None])


@st.composite
def deals(draw, least=1):
    rows = []
    for n in range(draw(st.integers(least, 12))):
        created, closed = sorted((draw(days), draw(days)))
        outcome = draw(st.sampled_from(["won", "lost", "open"]))
        columns = {"created_at": created, "amount": draw(amounts), "owner_id": draw(owners)}
        rows.append(deal(f"o{n}", outcome, **columns, **({} if outcome == "open" else {"closed_at": closed})))
    return rows


ADDITIVE = ["won", "bookings", "created", "pipeline"]


@few
@given(deals(), st.sampled_from(["owner", "team", "quarter", "week", "type", "owner.region", "account.segment"]))
def test_the_parts_of_any_cut_sum_to_the_whole(source, rows, dimension):
    facts = source({"opportunity": rows, "user": PEOPLE})
    keys = ADDITIVE if dimension not in ("quarter", "week") else ADDITIVE[:3]
    whole = query(facts, METRICS, keys=keys).records()[0]
    parts = query(facts, METRICS, keys=keys, by=[dimension]).records()
    for key in keys:
        assert sum(p[key] or 0 for p in parts) == (whole[key] or 0)


@few
@given(deals(), st.decimals(0, 1, places=2))
def test_splitting_a_deal_changes_no_amount(source, rows, share):
    first = rows[0]
    amount = first["amount"]
    part = None if amount is None else (amount * share).quantize(Decimal("0.0001"))
    halves = [{**first, "amount": part}]
    halves.append({**first, "opportunity_id": "half", "amount": None if amount is None else amount - part})
    before = query(source({"opportunity": rows}), METRICS, keys=["bookings", "created", "pipeline"]).rows
    after = query(source({"opportunity": [*halves, *rows[1:]]}), METRICS, keys=["bookings", "created", "pipeline"]).rows
    assert before == after


@few
@given(deals())
def test_a_rerun_gives_the_same_bytes_whatever_the_order_of_the_rows(source, rows):
    def asked(ordered):
        facts = source({"opportunity": ordered, "user": PEOPLE})
        answer = query(facts, METRICS, keys=["bookings", "win_rate", "size", "median_amount"], by=["team", "month"])
        return json.dumps(answer.as_json())

    assert asked(rows) == asked(rows) == asked(rows[::-1])


@few
@given(deals(), days)
def test_an_earlier_day_sees_what_a_warehouse_of_that_day_held(source, rows, day):
    then = []
    for row in rows:
        if row["created_at"] <= day:
            late = row["closed_at"] is not None and row["closed_at"] > day
            then.append({**row, "closed_at": None, "is_closed": False, "is_won": False} if late else row)
    keys = ["won", "bookings", "win_rate", "created", "pipeline", "days_open"]
    now = query(source({"opportunity": rows}), METRICS, keys=keys, as_of=day)
    past = query(source({"opportunity": then}), METRICS, keys=keys, as_of=day)
    assert now.rows == past.rows


people = st.lists(st.integers(0, 7), min_size=1, max_size=8)


@few
@given(people, deals())
def test_a_manager_has_the_whole_tree_and_cycles_do_not_hang(source, managers, rows):
    users = [{"user_id": f"u{n}", "name": f"U{n}", "manager_id": f"u{m}"} for n, m in enumerate(managers)]
    rows = [{**row, "owner_id": f"u{n % len(users)}"} for n, row in enumerate(rows)]
    answer = query(source({"opportunity": rows, "user": users}), METRICS, keys=["won"], by=["manager"])
    tree = Hierarchy({u["user_id"]: u["manager_id"] for u in users})
    found = dict(answer.rows)
    for manager in tree.reports_of:
        below = set(tree.tree(manager))
        assert found.get(manager, 0) == sum(r["owner_id"] in below and r["is_won"] for r in rows)
    assert list(answer.issues) == tree.issues


@few
@given(
    st.lists(st.tuples(days, st.integers(1, 60), st.booleans()), min_size=1, max_size=30), st.sampled_from([0.25, 0.5])
)
def test_kaplan_meier_agrees_with_lifelines(source, lives, q):
    as_of = START + timedelta(days=500)
    rows, durations, ended = [], [], []
    for n, (start, length, over) in enumerate(lives):
        closed = start + timedelta(days=length) if over else None
        rows.append(deal(f"o{n}", "won" if over else "open", created_at=start, closed_at=closed))
        durations.append(length if over else (as_of - start).days + 1)
        ended.append(over)
    spec = (
        f"{{from: opportunity, at: created_at, value: {{agg: km_median, start: created_at, end: closed_at, q: {q}}}}}"
    )
    asked = metric("km", spec, "days")
    found = query(source({"opportunity": rows}, as_of=as_of), {"km": asked}, keys=["km"]).rows[0][0]
    curve = KaplanMeierFitter().fit(durations, ended).survival_function_.round(9)
    expected = qth_survival_time(1 - q, pd.DataFrame(curve))
    assert found == (None if expected == float("inf") else expected)


@few
@given(st.lists(st.tuples(days, st.integers(0, 60), st.sampled_from(["won", "lost", "open"])), min_size=1, max_size=20))
def test_incidence_is_the_product_of_what_is_left_and_what_comes(source, lives):
    """Against the definition, deal by deal in exact fractions; and with nobody running it is the plain share."""
    as_of = START + timedelta(days=400)
    rows, spans = [], []
    for n, (start, length, how) in enumerate(lives):
        closed = None if how == "open" or start + timedelta(days=length) > as_of else start + timedelta(days=length)
        rows.append(deal(f"o{n}", how, created_at=start, closed_at=closed))
        spans.append((length, how) if closed else ((as_of - start).days + 1, "open"))
    spec = (
        "{from: opportunity, at: created_at, value: {agg: cumulative_incidence, start: created_at, end: closed_at,"
        " reached: is_won, within: 45}}"
    )
    asked = metric("incidence", spec, "ratio")
    found = query(source({"opportunity": rows}, as_of=as_of), {"incidence": asked}, keys=["incidence"]).rows[0][0]
    left, share = Fraction(1), Fraction(0)
    for day in range(46):
        at_risk = sum(t >= day for t, _ in spans)
        won = sum(t == day and how == "won" for t, how in spans)
        lost = sum(t == day and how == "lost" for t, how in spans)
        if at_risk:
            share, left = share + left * won / at_risk, left * (at_risk - won - lost) / at_risk
    if any(t >= 45 or how != "open" for t, how in spans):
        assert float(found) == pytest.approx(float(share), abs=1e-9)
    else:
        assert found is None, "nobody was followed for so long"


@st.composite
def histories(draw):
    rows = []
    for n in range(draw(st.integers(1, 8))):
        marks = sorted(draw(st.lists(days, min_size=1, max_size=4, unique=True)))
        for place, (start, end) in enumerate(zip(marks, [*marks[1:], None], strict=True)):
            outcome = draw(st.sampled_from(["open", "open", "won", "lost"]))
            more = {"created_at": marks[0], "owner_id": draw(owners)}
            if end is None and draw(st.integers(0, 5)) == 0 and place:
                continue
            rows.append(state(f"o{n}", start, end, draw(amounts), draw(days), outcome, **more))
    return rows


IN_OUT = METRICS["waterfall"]
ALL_OPEN = metric("all_open", "{from: deal_state, value: {agg: waterfall, id: opportunity_id, of: amount, "
                  "opened: valid_from, closed: valid_to, created: created_at, open: not is_closed, won: is_won}}",
                  "money")  # fmt: skip


@few
@given(
    histories(), st.sampled_from([[], ["owner"], ["month"], ["team", "quarter"]]), st.sampled_from([IN_OUT, ALL_OPEN])
)
def test_the_waterfall_closes_to_the_cent(source, rows, by, asked):
    facts = source({"deal_state": rows, "user": PEOPLE})
    window = {"since": START, "until": date(2027, 1, 1)}
    answer = query(facts, {asked.key: asked}, keys=[asked.key], by=by, **window)
    cells = {}
    for row in answer.records():
        cells.setdefault(tuple(row[d] for d in by), {})[row["movement"]] = row[asked.key]
    for found in cells.values():
        between = sum(v for name, v in found.items() if name not in ("opening", "closing"))
        assert found["opening"] + between == found["closing"]


@few
@given(histories())
def test_a_period_opens_as_the_one_before_closed(source, rows):
    window = {"since": START, "until": date(2027, 1, 1)}
    facts = source({"deal_state": rows})
    answer = query(facts, {"all_open": ALL_OPEN}, keys=["all_open"], by=["quarter"], **window)
    found = {(row["quarter"], row["movement"]): row["all_open"] for row in answer.records()}
    for before, after in (("2026Q1", "2026Q2"), ("2026Q2", "2026Q3"), ("2026Q3", "2026Q4")):
        assert found.get((before, "closing"), 0) == found.get((after, "opening"), 0)


# Values of Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, "0.2553", "0.3662"), (15, 148, "0.0624", "0.1605"), (0, 20, "0", "0.1611"), (1, 29, "0.0061", "0.1718")],
)
def test_wilson_gives_the_published_intervals(successes, n, low, high):
    assert [round(v, 4) for v in wilson(successes, n)] == [Decimal(low), Decimal(high)]


def test_wilson_of_nothing_is_unknown():
    assert wilson(0, 0) is None
