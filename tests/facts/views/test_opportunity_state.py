"""A deal's history rebuilt from its changes: the algorithm of measures.md, step by step."""

from datetime import datetime
from decimal import Decimal

DEAL = {
    "opportunity_id": "o1",
    "stage": "Won",
    "amount": 900,
    "owner_id": "bob",
    "created_at": "2026-01-10",
    "close_date": "2026-05-04",
    "closed_at": "2026-05-04",
    "is_closed": True,
    "is_won": True,
}
OLD = {"opportunity_id": "o0", "stage": "Lost", "created_at": "2025-01-01", "is_closed": True, "is_won": False}


def change(at, field, old, new, deal="o1"):
    return {"opportunity_id": deal, "changed_at": at, "field": field, "old_value": old, "new_value": new}


# Another deal's early changes: from then on everything was tracked.
TRACKED = [
    change("2026-01-01", f, old, new, "o0")
    for f, old, new in [
        ("stage", "Discovery", "Lost"),
        ("amount", "1", "2"),
        ("close_date", "2026-01-01", "2026-01-02"),
        ("forecast_category", "a", "b"),
    ]
]
CHANGES = [
    change("2026-02-01", "amount", "1000", "1200.50"),
    change("2026-02-01", "stage", "Discovery", "Proposal"),
    change("2026-03-01", "owner_id", "ann", "bob"),
    change("2026-04-01", "amount", "1200.50", None),
    change("2026-05-01", "amount", None, "900"),
    change("2026-05-04", "stage", "Proposal", "Won"),
]


def states(facts, changes=(), deal=DEAL, as_of="2026-12-31", **more):
    found = facts(opportunity=[deal, OLD], opportunity_change=[*TRACKED, *changes]).view(
        "opportunity_state", as_of, **more
    )
    return [r for r in found if r["opportunity_id"] == "o1"]


def test_the_base_is_the_old_value_of_the_first_change(facts):
    first = states(facts, CHANGES)[0]
    assert first["valid_from"] == datetime.fromisoformat("2026-01-10")
    assert (first["stage"], first["amount"], first["owner_id"]) == ("Discovery", Decimal(1000), "ann")
    assert (first["is_closed"], first["close_date"].isoformat()) == (False, "2026-05-04")


def test_each_change_begins_a_state_that_ends_where_the_next_begins(facts):
    found = states(facts, CHANGES)
    assert [(r["valid_from"].date().isoformat(), r["stage"], r["amount"]) for r in found] == [
        ("2026-01-10", "Discovery", Decimal(1000)),
        ("2026-02-01", "Proposal", Decimal("1200.5")),
        ("2026-03-01", "Proposal", Decimal("1200.5")),
        ("2026-04-01", "Proposal", None),
        ("2026-05-01", "Proposal", Decimal(900)),
        ("2026-05-04", "Won", Decimal(900)),
    ]
    assert [r["valid_to"] for r in found] == [*[r["valid_from"] for r in found[1:]], None]
    assert [r["owner_id"] for r in found] == ["ann", "ann", "bob", "bob", "bob", "bob"]
    assert [r["is_won"] for r in found] == [False] * 5 + [True]


def test_what_happens_later_is_not_seen(facts):
    found = states(facts, CHANGES, as_of="2026-03-31")
    assert [r["valid_from"].date().isoformat() for r in found] == ["2026-01-10", "2026-02-01", "2026-03-01"]
    assert found[-1]["valid_to"] is None
    assert not any(r["is_closed"] for r in found)


def test_a_reading_of_an_earlier_day_is_the_whole_history_cut_short(facts):
    whole = states(facts, CHANGES)
    for day in ("2026-01-10", "2026-02-01", "2026-04-15", "2026-05-04"):
        cut = states(facts, CHANGES, as_of=day)
        assert [{**r, "valid_to": None} for r in cut] == [{**r, "valid_to": None} for r in whole[: len(cut)]]


def test_before_tracking_a_value_is_unknown_and_never_todays(facts):
    late = [change("2026-03-15", "amount", "1000", "1100")]
    found = facts(opportunity=[DEAL], opportunity_change=late).view("opportunity_state", "2026-12-31")
    amounts = {r["valid_from"].date().isoformat(): r["amount"] for r in found}
    assert amounts == {"2026-01-10": None, "2026-03-15": Decimal(1100), "2026-05-04": Decimal(1100)}


def test_without_any_history_todays_values_hold_from_the_day_the_facts_speak_of(facts):
    open_deal = {**DEAL, "opportunity_id": "o2", "is_closed": False, "is_won": False, "closed_at": None, "stage": "New"}
    found = facts(opportunity=[DEAL, open_deal]).view("opportunity_state", "2026-12-31")
    mine = [(r["valid_from"].date().isoformat(), r["amount"]) for r in found if r["opportunity_id"] == "o2"]
    assert mine == [("2026-01-10", None), ("2026-05-04", Decimal(900))]


def test_a_deal_without_a_creation_date_is_there_from_the_day_the_facts_speak_of(facts):
    lead = {"opportunity_id": "o3", "stage": "New", "is_closed": False, "is_won": False}
    found = facts(opportunity=[DEAL, lead]).view("opportunity_state", "2026-12-31")
    assert [r["valid_from"] for r in found if r["opportunity_id"] == "o3"] == [datetime.fromisoformat("2026-05-04")]


def test_a_reopened_deal_was_closed_in_between(facts):
    reopened = [
        change("2026-02-01", "stage", "Discovery", "Lost"),
        change("2026-03-01", "stage", "Lost", "Proposal"),
        change("2026-05-04", "stage", "Proposal", "Won"),
    ]
    assert [(r["is_closed"], r["is_won"]) for r in states(facts, reopened)] == [
        (False, False),
        (True, False),
        (False, False),
        (True, True),
    ]


def test_a_change_recorded_before_the_deal_was_created_begins_no_state(facts):
    early = [change("2026-01-02", "stage", "Idea", "Discovery")]
    found = states(facts, early)
    assert found[0]["valid_from"] == datetime.fromisoformat("2026-01-10")
    assert found[0]["stage"] == "Discovery"


def test_an_amount_that_is_no_number_is_unknown_and_stops_nothing(facts):
    found = states(facts, [change("2026-02-01", "amount", "10", "ten")])
    assert [r["amount"] for r in found][:2] == [Decimal(10), None]
