"""What each view says that the catalogue's worked examples do not show."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from geartrain.facts.transforms import Goal
from geartrain.facts.views.plan_month import spread
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.periods import FiscalCalendar

FEW = settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def change(deal, at, field, old, new):
    return {"opportunity_id": deal, "changed_at": at, "field": field, "old_value": old, "new_value": new}


def open_deal(key, **more):
    return {
        "opportunity_id": key,
        "stage": "New",
        "created_at": "2026-01-01",
        "is_closed": False,
        "is_won": False,
        **more,
    }


def test_visits_to_one_stage_are_added_up(facts):
    moves = [
        change("o1", "2026-03-01", "stage", "New", "Trial"),
        change("o1", "2026-03-05", "stage", "Trial", "Offer"),
        change("o1", "2026-03-11", "stage", "Offer", "Trial"),
        change("o1", "2026-03-13", "stage", "Trial", "Offer"),
    ]
    deals = [open_deal("o1", stage="Offer", created_at="2026-02-01")]
    found = {
        r["stage"]: r for r in facts(opportunity=deals, opportunity_change=moves).view("stage_visit", "2026-03-31")
    }
    trial, offer = found["Trial"], found["Offer"]
    assert (trial["days"], trial["re_entries"], trial["is_inside"]) == (6, 1, False)
    assert (trial["counted_to"] - trial["counted_from"]).days == 6
    assert trial["reached_next_at"].date().isoformat() == "2026-03-05"
    # 5 to 11 and 13 to the end of 31 March: 6 and 19 days.
    assert (offer["days"], offer["re_entries"], offer["is_inside"], offer["counted_to"]) == (25, 1, True, None)
    assert (trial["stage_rank"], offer["stage_rank"]) == (1, 2)


def test_a_change_of_another_field_begins_no_visit(facts):
    moves = [
        change("o1", "2026-03-01", "stage", "New", "Trial"),
        change("o1", "2026-03-05", "amount", "1", "2"),
        change("o1", "2026-03-07", "close_date", "2026-05-01", "2026-06-01"),
    ]
    found = facts(opportunity=[open_deal("o1", stage="Trial")], opportunity_change=moves).view(
        "stage_visit", "2026-03-10"
    )
    assert [(r["stage"], r["re_entries"], r["days"]) for r in found] == [("Trial", 0, 10)]


def test_worked_case_6_of_quote_revisions(facts):
    """X10 at 10 % and Y1; the same; lines swapped; X 12; a note; X at 15 %; X at 10 %."""
    states = [(10, 90), (10, 90), (10, 90), (12, 90), (12, 90), (12, 85), (12, 90)]
    quotes, lines = [], []
    for revision, (quantity, net) in enumerate(states, 1):
        head = {"quote_id": "q", "opportunity_id": "o", "number": "1", "status": "draft", "currency": "USD"}
        quotes.append({**head, "revision": revision, "created_at": f"2026-01-02 0{revision}:00:00"})
        x = {"sku": "X", "quantity": quantity, "list_price": 100, "net_price": net}
        y = {"sku": "Y", "quantity": 1, "list_price": 50, "net_price": 50}
        pair = [y, x] if revision == 3 else [x, y]
        lines += [{"quote_id": "q", "revision": revision, **line} for line in pair]
    found = facts(quote=quotes, quote_line=lines)
    log = [r["change"] for r in found.view("quote_revision", "2026-01-31") if r["is_material"]]
    assert log == ["quantity", "discount", "discount"]
    cycle = found.view("quote_cycle", "2026-01-31")[0]
    assert (cycle["material_revisions"], cycle["revisions"]) == (3, 6)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"lines": [("X", 1, 100, 90)]}, "none"),
        ({"lines": [("X", 1, 120, 100)]}, "price"),
        ({"lines": [("X", 1, 100, 90), ("Z", 1, 5, 5)]}, "items"),
        ({"lines": []}, "items"),
        ({"lines": [("X", 1, 100, 90)], "payment_days": 60}, "terms"),
        ({"lines": [("X", 1, 100, 90)], "term_months": 24}, "terms"),
    ],
)
def test_what_makes_a_revision_material(facts, change, named):
    head = {"quote_id": "q", "opportunity_id": "o", "number": "1", "status": "sent", "currency": "USD"}
    terms = {"payment_days": 30, "term_months": 12}
    quotes = [
        {**head, **terms, "revision": 1, "created_at": "2026-01-01"},
        {
            **head,
            **terms,
            **{k: v for k, v in change.items() if k != "lines"},
            "revision": 4,
            "created_at": "2026-01-02",
        },
    ]
    lines = [(1, ("X", 1, 100, 90)), *((4, line) for line in change["lines"])]
    rows = [
        {"quote_id": "q", "revision": r, "sku": s, "quantity": n, "list_price": lp, "net_price": np}
        for r, (s, n, lp, np) in lines
    ]
    found = facts(quote=quotes, quote_line=rows).view("quote_revision", "2026-01-31")
    assert [r["change"] for r in found] == ["first", named]


managers = st.dictionaries(st.sampled_from("abcdefg"), st.none() | st.sampled_from("abcdefgx"), min_size=1)


@FEW
@given(managers)
@example({"f": "g", "g": "f", "a": "f"})
def test_the_reporting_line_is_that_of_the_hierarchy_cycles_and_all(facts, line):
    users = [{"user_id": k, "name": k, "manager_id": v, "is_active": True} for k, v in line.items()]
    found = facts(user=users).view("reporting_line", "2026-01-31")
    expected = sorted(Hierarchy(line).pairs())
    assert sorted((r["manager_id"], r["user_id"], r["distance"]) for r in found) == expected


@FEW
@given(managers)
@example({"f": "g", "g": "f"})
@example({"f": "g", "g": "g", "a": "f"})
@example({"a": "b", "b": "c", "c": "a", "d": "a"})
def test_a_family_is_named_after_the_top_of_the_hierarchy(facts, line):
    accounts = [{"account_id": k, "name": k, "parent_account_id": v} for k, v in line.items()]
    found = facts(account=accounts).view("account_family", "2026-01-31")
    tree = Hierarchy(line)
    assert {r["account_id"]: r["family_id"] for r in found} == {k: ([k, *tree.chain(k)])[-1] for k in line}


def test_a_close_date_moves_forth_and_back(facts):
    moves = [
        change("o1", "2026-02-01", "close_date", "2026-03-10", "2026-03-20"),
        change("o1", "2026-02-02", "close_date", "2026-03-20", "2026-04-02"),
        change("o1", "2026-02-03", "close_date", "2026-04-02", "2026-03-02"),
        change("o1", "2026-02-04", "close_date", "2026-03-02", None),
    ]
    source = facts(opportunity=[open_deal("o1")], opportunity_change=moves)
    found = source.view("close_date_move", "2026-02-28")
    # The first change is where tracking begins: what the date was before is not known.
    assert [(r["days"], r["is_push"], r["is_pull_in"], r["leaves_quarter"]) for r in found] == [
        (13, True, False, True),
        (-31, False, True, False),
    ]
    pushed = source.view("close_date_push", "2026-02-28")[0]
    assert (pushed["pushes"], pushed["pull_ins"], pushed["days_moved"]) == (1, 1, -18)


def test_a_quarter_is_fiscal_and_begins_at_midnight_of_the_zone(facts):
    moves = [change("o1", "2026-03-01", "close_date", "2026-05-02", "2026-05-01")]
    # Created at 03:00 UTC on 1 May, which in New York is still 30 April.
    late = open_deal("o2", created_at="2026-05-01 03:00:00", close_date="2026-07-01")
    source = facts(opportunity=[open_deal("o1", close_date="2026-05-01"), late], opportunity_change=moves)
    fiscal = FiscalCalendar(2, "America/New_York")
    found = source.view("quarter_pipeline", "2026-06-30", calendar=fiscal)
    rows = [(r["opportunity_id"], r["quarter_start"].isoformat(), r["outcome"]) for r in found]
    assert rows == [("o1", "2026-05-01", "open"), ("o2", "2026-05-01", "open")]
    assert source.view("quarter_pipeline", "2026-06-30") != found


amounts = st.decimals(min_value=0, max_value=10**9, places=4)


@FEW
@given(amounts, st.integers(0, 1000))
def test_credit_of_a_deal_adds_up_to_it(facts, amount, thousandths):
    share = Decimal(thousandths) / 1000
    won = {**open_deal("o1"), "is_closed": True, "is_won": True, "closed_at": "2026-02-01", "amount": amount}
    splits = [
        {"opportunity_id": "o1", "user_id": "a", "share": share, "credit_type": "direct"},
        {"opportunity_id": "o1", "user_id": "b", "share": 1 - share, "credit_type": "Direct"},
    ]
    found = facts(opportunity=[won], split=splits).view("credited_booking", "2026-03-01")
    assert abs(sum(r["amount"] for r in found) - amount) <= Decimal("0.0001")
    assert found[0]["amount"] == (amount * share).quantize(Decimal("0.0001"), "ROUND_HALF_UP")


@FEW
@given(amounts, st.integers(1, 28), st.integers(0, 11), st.integers(1, 400))
def test_the_months_of_a_cost_add_up_to_it(facts, amount, day, month, length):
    from datetime import date, timedelta

    start = date(2025, month + 1, day)
    end = start + timedelta(days=length)
    cost = {"period_start": start.isoformat(), "period_end": end.isoformat(), "function": "sales", "category": "x"}
    found = facts(cost=[{**cost, "amount": amount, "currency": "USD"}]).view("cost_month", "2030-01-01")
    assert sum(r["amount"] for r in found) == amount
    assert len(found) == (end - timedelta(days=1)).year * 12 + (end - timedelta(days=1)).month - start.year * 12 - month


@given(amounts, st.integers(1, 12))
def test_the_months_of_a_goal_add_up_to_it(amount, start_month):
    calendar = FiscalCalendar(start_month)
    year = calendar.year(2026)
    rows = list(spread(Goal("g", "bookings", year.start, year.end, amount), calendar))
    assert len(rows) == 12
    assert sum(r[3] for r in rows) == amount


def test_who_left_without_a_deal_is_counted_for_the_days_they_were_here(facts):
    people = [
        {"user_id": "u1", "name": "Eve", "is_active": False, "start_date": "2026-02-01", "end_date": "2026-03-03"},
        {"user_id": "u2", "name": "Ann", "is_active": True, "start_date": "2026-02-01"},
    ]
    deals = [open_deal("o1", owner_id="u1"), open_deal("o2", owner_id="u2")]
    eve, ann = facts(user=people, opportunity=deals).view("seller_ramp", "2026-12-31")
    assert (eve["first_deal_from"].isoformat(), eve["first_deal_to"]) == ("2026-12-01", None)
    assert (ann["first_deal_from"].isoformat(), ann["first_deal_to"]) == ("2026-02-01", None)


def test_an_owner_without_interactions_is_a_pair(facts):
    won = {**open_deal("o1", owner_id="ann"), "is_closed": True, "is_won": True, "closed_at": "2026-02-01"}
    touch = {"touch_id": "t", "occurred_at": "2026-02-01 15:00:00", "kind": "meeting", "function": "sales"}
    found = facts(opportunity=[won], touch=[{**touch, "opportunity_id": "o1", "user_id": "bob"}])
    pairs = [(r["user_id"], r["interactions"], r["is_owner"]) for r in found.view("seller_interaction", "2026-03-01")]
    # Closed on a bare day: the meeting of that afternoon still led to it.
    assert pairs == [("ann", 0, True), ("bob", 1, False)]


def test_credit_in_another_currency_meets_the_quota_at_the_rate_of_the_day_it_was_won(facts):
    """100 EUR at 1.1 and 50 USD against a quota in dollars; what has no rate is left out and counted."""
    quota = {"user_id": "u", "measure": "bookings", "period_start": "2026-01-01", "period_end": "2026-04-01"}
    won = {"is_closed": True, "is_won": True, "owner_id": "u"}
    deals = [
        {**open_deal("o1"), **won, "closed_at": "2026-02-03", "amount": 100, "currency": "EUR"},
        {**open_deal("o2"), **won, "closed_at": "2026-02-04", "amount": 50, "currency": "USD"},
        {**open_deal("o3"), **won, "closed_at": "2026-02-04", "amount": 70, "currency": "GBP"},
        {**open_deal("o4"), **won, "closed_at": "2026-02-20", "amount": 100, "currency": "EUR"},
    ]
    pair = {"from_currency": "EUR", "to_currency": "USD"}
    rates = [
        {**pair, "date": "2026-02-01", "kind": "spot", "rate": "1.1"},
        {**pair, "date": "2026-02-04", "kind": "spot", "rate": "1.3"},
        {**pair, "date": "2026-01-31", "kind": "month_end", "rate": "1.05"},
    ]
    (row,) = facts(quota=[{**quota, "amount": 1000, "currency": "USD"}], opportunity=deals, fx_rate=rates).view(
        "seller_quota", "2026-03-01"
    )
    # On the 20th the last spot rate is older than a week: the month's end holds.
    assert (row["credited"], row["deals"], row["unconverted"]) == (Decimal("265"), 4, 1)
