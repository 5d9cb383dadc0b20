from datetime import date
from decimal import Decimal

import pytest

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.measure import explain, query
from tests.kernel.measure.cases import BASE, METRICS, PEOPLE, deal, metric

Q1 = {"since": date(2026, 1, 1), "until": date(2026, 4, 1)}


def test_answers_in_the_shape_that_is_promised(source):
    answer = query(source(BASE), METRICS, keys=["win_rate", "bookings"], by=["quarter", "team"], **Q1).as_json()
    assert list(answer) == ["columns", "rows", "metrics", "as_of", "facts"]
    assert answer["columns"] == ["quarter", "team", "win_rate", "bookings"]
    assert answer["rows"] == [["2026Q1", "East", 0.666666667, 100], ["2026Q1", "unmapped: xavier", 1, 50]]
    assert answer["metrics"]["win_rate"]["unit"] == "ratio"
    assert answer["metrics"]["win_rate"]["version"] == 1
    assert answer["metrics"]["win_rate"]["dimensions"] == {"team": ["opportunity.owner_id → user.team"]}
    assert (answer["as_of"], answer["facts"]) == ("2026-12-31", "0" * 64)


def test_says_what_a_number_rests_on(source):
    answer = query(source(BASE), METRICS, keys=["win_rate", "bookings"], by=["team"])
    assert answer.detail[0]["win_rate"] == {
        "n": 3, "numerator": 2, "denominator": 3, "n_above": 2, "interval": (Decimal("0.207660"), Decimal("0.938508")),
    }  # fmt: skip
    assert answer.detail[0]["bookings"] == {"n": 2, "n_null": 1, "n_zero": 0}
    assert any("fewer than 20" in note for note in answer.notes)


def test_a_won_deal_worth_nothing_is_flagged(source):
    answer = query(source({"opportunity": [deal("o1", amount=0)]}), METRICS, keys=["bookings"])
    assert answer.rows == ((Decimal(0),),)
    assert any("1 rows have the value 0" in note for note in answer.notes)


def test_a_share_of_value_is_not_100_percent_because_lost_deals_were_emptied(source):
    rows = [deal("o1", amount=10), deal("o2", "lost", amount=0), deal("o3", "lost", amount=None)]
    answer = query(source({"opportunity": rows}), METRICS, keys=["win_rate_value"])
    assert answer.rows == ((None,),)
    assert "no amount or 0" in answer.detail[0]["win_rate_value"]["reason"]


def test_names_stand_beside_the_keys(source):
    answer = query(source(BASE), METRICS, keys=["won"], by=["owner"])
    assert answer.labels == {"owner": {"ann": "Ann", "bob": "Bob", "cleo": "Cleo"}}


def test_money_stays_exact(source):
    amounts = ["12345678901234567890.1234", "0.0001", "-0.0001", "1"]
    rows = [deal(f"o{n}", amount=a) for n, a in enumerate(amounts)]
    assert query(source({"opportunity": rows}), METRICS, keys=["bookings"]).rows == (
        (Decimal("12345678901234567891.1234"),),
    )


def test_a_cycle_among_managers_is_reported(source):
    users = [{"user_id": "a", "name": "A", "manager_id": "b"}, {"user_id": "b", "name": "B", "manager_id": "a"}]
    answer = query(
        source({"opportunity": [deal("o1", owner_id="a")], "user": users}), METRICS, keys=["won"], by=["manager"]
    )
    assert [i.code for i in answer.issues] == ["hierarchy_cycle"]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"keys": []}, Invalid),
        ({"keys": ["nothing"]}, NotFound),
        ({"keys": ["won"], "by": ["colour"]}, Invalid),
        ({"keys": ["won"], "by": ["owner", "owner"]}, Invalid),
        ({"keys": ["won"], "by": ["account.colour"]}, Invalid),
        ({"keys": ["won"], "where": "colour = 'red'"}, Invalid),
        ({"keys": ["won"], "since": date(2026, 2, 1), "until": date(2026, 1, 1)}, Invalid),
        ({"keys": ["growth"], "since": date(2026, 1, 1), "until": date(2026, 1, 20)}, Invalid),
        ({"keys": ["waterfall", "won"], **Q1}, Invalid),
        ({"keys": ["waterfall"]}, Invalid),
        ({"keys": ["pipeline"], "by": ["month", "quarter"], **Q1}, Invalid),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(source, asked, error):
    with pytest.raises(error) as said:
        query(source(BASE), METRICS, **asked)
    assert said.value.message.endswith(".")


def test_a_metric_cannot_be_made_of_itself(source):
    loop = {"a": metric("a", "{expr: b + 1}"), "b": metric("b", "{expr: a + 1}")}
    with pytest.raises(Invalid, match="derived from itself"):
        query(source(BASE), loop, keys=["a"])


def test_explains_a_number_down_to_the_records(source):
    found = explain(source(BASE), METRICS, "win_rate", filters={"quarter": "2026Q1", "team": "East"})
    assert found.value.value == Decimal("0.666666667")
    assert [(s.role, s.value, s.n) for s in found.sides] == [("numerator", 2, 2), ("denominator", 3, 3)]
    assert [(r["opportunity_id"], r["counts"]) for r in found.records] == [
        ("o1", ["numerator", "denominator"]), ("o3", ["denominator"]), ("o4", ["numerator", "denominator"]),
    ]  # fmt: skip
    assert found.as_json()["sha256"] == METRICS["win_rate"].sha256


def test_the_records_of_an_explanation_are_limited_and_all_counted(source):
    rows = [deal(f"o{n:02}", amount=n) for n in range(30)]
    found = explain(source({"opportunity": rows}), METRICS, "bookings", limit=5)
    assert (len(found.records), found.total) == (5, 30)
    whole = explain(source({"opportunity": rows}), METRICS, "bookings", limit=100)
    assert sum(r["amount"] for r in whole.records) == whole.value.value == sum(range(30))


def test_a_derived_number_is_explained_by_those_it_is_made_of(source):
    found = explain(source({**BASE, "user": PEOPLE}), METRICS, "size", filters={"team": "West"})
    assert [(i.metric.key, i.value.value, i.total) for i in found.inputs] == [("bookings", 250, 1), ("won", 1, 1)]


def test_amounts_that_cannot_be_converted_are_listed(source):
    rows = [deal("o1", amount=5), deal("o2", amount=7, currency="EUR"), deal("o3", "lost", amount=9, currency="EUR")]
    answer = query(source({"opportunity": rows}), METRICS, keys=["bookings", "mean_amount"])
    assert answer.rows[0] == (5, 5)
    assert [(i.code, i.where) for i in answer.issues] == [("no_exchange_rate", "opportunity/o2")]
