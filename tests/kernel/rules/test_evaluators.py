"""The two evaluators: each against stated results, and against each other on random rules and rows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.kernel.rules import WrongValue, functions, parse
from tests.kernel.rules import cases


@pytest.fixture(scope="module")
def duck():
    con = ibis.duckdb.connect(lambda_syntax="ENABLE_SINGLE_ARROW")
    yield con
    con.disconnect()


@pytest.mark.parametrize(("text", "wanted"), cases.EXPECTED, ids=[text for text, _ in cases.EXPECTED])
def test_records(text, wanted):
    found = [parse(text).evaluate(record) for record in cases.ROWS]
    assert all(cases.same(one, other) for one, other in zip(found, wanted, strict=True)), found


@pytest.mark.parametrize("function", functions(), ids=lambda f: f.name)
def test_examples_of_functions(function):
    text, result = function.example
    assert parse(text).evaluate({}) == result


numbers = st.recursive(
    st.sampled_from(["amount", "rate", "n", "0", "7", "-2.5", "0.000000001", "null"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, inner).map(lambda p: f"coalesce({p[0]}, {p[1]}, 0)"),
        inner.map(lambda x: f"round({x}, 2)"),
        inner.map(lambda x: f"floor({x})"),
    ),
    max_leaves=4,
)
conditions = st.recursive(
    st.one_of(
        st.tuples(numbers, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), numbers).map(" ".join),
        st.sampled_from(["won", "won is null", "region in ('EMEA', null)", "name like '%a%'", "day < at", "null"]),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
        inner.map(lambda x: f"not ({x})"),
        st.tuples(inner, inner, inner).map(lambda p: f"if({p[0]}, {p[1]}, {p[2]})"),
    ),
    max_leaves=4,
)


def decimals(places: int, digits: int):
    return st.integers(-(10**digits), 10**digits).map(lambda i: Decimal(i).scaleb(-places))


rows = st.lists(
    st.tuples(
        st.none() | decimals(4, 8) | decimals(4, 22),
        st.none() | decimals(9, 12) | decimals(9, 27),
        st.none() | st.integers(-100, 100) | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        st.none() | st.sampled_from(["EMEA", "APAC", ""]),
        st.none() | st.booleans(),
        st.none() | st.dates(),
        st.none() | st.datetimes(),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(numbers | conditions, min_size=1, max_size=4), rows)
def test_evaluators_agree(duck, texts, values):
    records = [cases.row(k, *value) for k, value in enumerate(values)]
    table = cases.create(duck, "random_rows", records)
    assert cases.differences(duck, table, texts, records) == []


@given(decimals(4, 12), decimals(9, 14))
def test_a_quotient_is_rounded_once_half_away_from_zero(top, bottom):
    found = parse("a / b").evaluate({"a": top, "b": bottom})
    if not bottom:
        assert found is None
        return
    exact = Fraction(top) / Fraction(bottom)
    if abs(exact) < 10**14:
        error = Fraction(found) - exact
        half = Fraction(1, 2 * 10**12)
        assert abs(error) < half or (abs(error) == half and abs(found) > abs(exact))


def test_huge_and_odd_values_of_a_record():
    assert parse("amount > 1").evaluate({"amount": Decimal("1e300")}) is True
    assert parse("amount > 1").evaluate({"amount": 1e300}) is True
    assert parse("amount + 1 > 1").evaluate({"amount": Decimal("1e300")}) is None
    assert parse("amount > 1").evaluate({"amount": float("nan")}) is None
    assert parse("amount > 1").evaluate({"amount": Decimal("Infinity")}) is None


def test_paths_reach_into_mappings_and_json():
    rule = parse("account.segment = 'SMB' and extra.tier = '1'")
    assert rule.evaluate({"account": {"segment": "SMB"}, "extra": '{"tier": "1"}'}) is True
    assert rule.evaluate({"account.segment": "SMB", "extra": {"tier": 1}}) is None
    assert rule.evaluate({}) is None


@pytest.mark.parametrize(
    ("text", "record"),
    [("a > 1", {"a": "5"}), ("a + 1", {"a": "5"}), ("a and true", {"a": 1}), ("a like '%'", {"a": Decimal(1)}),
     ("lower(a)", {"a": Decimal(1)}), ("a < b", {"a": "x", "b": "y"}), ("a = date '2026-01-01'", {"a": "2026-01-01"})],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused(text, record):
    with pytest.raises(WrongValue):
        parse(text).evaluate(record)


def test_days_meet_instants_at_midnight():
    assert parse("a = b").evaluate({"a": date(2026, 1, 1), "b": datetime(2026, 1, 1)}) is True
