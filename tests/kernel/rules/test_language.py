# ruff: noqa: E501
"""What can be said, what cannot, and what the messages tell."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from geartrain.kernel.records import ColumnKind
from geartrain.kernel.rules import InvalidRule, Kind, check, coverage, parse

COLUMNS = {
    "amount": ColumnKind.money,
    "region": ColumnKind.text,
    "is_won": ColumnKind.flag,
    "close_date": ColumnKind.day,
    "account.segment": ColumnKind.text,
}


@pytest.mark.parametrize(
    "text",
    ["(select 1)", "amount in (select 1)", "exists (select 1)", "read_csv('/etc/passwd')", "pragma version", "a; drop table t",
     "a -- b", "a /* b */", "count(*)", "sum(a) over ()", "a::int", "a || b", "a.b.c.d.e", "a.b(1)", "__import__('os')",
     "cast(a as int)", "a = 'x", "1.5.2", "1_000", "1e300", "x'41'", "$1", "@a", "{{ a }}", "a[1]", "lambda x: x", "a -> b",
     "‘a’ = b", "а > 1", "a\u200bb > 1", "a > 1\x00", "", "   ", "a >", "and", "a b", "(a", "a)", "a = = b", "a < b < c",
     "case end", "case when a then 1", "name like lower(name)", "name like 'a\\%'", "substr(a, 0, 1)", "round(a, 13)", "abs()",
     "abs(1, 2)", "if(a, b)", "1.0000000001 > a", "date '2026-02-30' = a", "extra.\"a.b\" = 'x'", "not", "is null", "a is 5",
     "1000000000000000000 > a", "'a' < 'b'", "1 and true", "not 5", "'a' = 1", "-'a'", "greatest('a', 'b')", "null.x(1)"],
)  # fmt: skip
def test_refused_with_a_place(text):
    with pytest.raises(InvalidRule) as caught:
        parse(text, where="policies/x.yaml")
    assert caught.value.where.startswith("policies/x.yaml:")
    assert caught.value.line >= 1


@pytest.mark.parametrize(
    "text",
    ["(" * 500 + "a" + ")" * 500, "not " * 1500 + "a", "-" * 3 + "- " * 900 + "a", "a" * 1_000_000, "'" + "x" * 1_000_000 + "'",
     "+".join("a" * 900), "*".join("a" * 60), "/".join("a" * 6), "case " * 60 + "a" + " when 1 then 2 end" * 60, "abs(" * 60 + "a" + ")" * 60],
)  # fmt: skip
def test_what_would_exhaust_is_refused_at_once(text):
    start = time.perf_counter()
    with pytest.raises(InvalidRule):
        parse(text)
    assert time.perf_counter() - start < 5


def test_a_pattern_cannot_stall_the_evaluator():
    assert parse("a like '" + "%a" * 30 + "%b'").evaluate({"a": "a" * 5_000}) is False


def test_place_and_closest_function():
    with pytest.raises(InvalidRule, match=r"^q\.yaml:2:5: There is no function lowr\.$") as caught:
        parse("a and\n    lowr(b) = 'x'", where="q.yaml")
    assert caught.value.hint == "Did you mean lower?"


def test_check_names_the_closest_column_and_the_clash():
    rule = parse("amont > 5 and region > 3 and close_date = '2026-01-01' and amount and extra.x = 'y'", where="w")
    found = [(i.code, i.where, i.hint) for i in check(rule, COLUMNS)]
    assert found == [
        ("unknown_column", "w:1:1", "Did you mean amount?"),
        ("rule_kinds", "w:1:22", "Write to_number(region)."),
        ("rule_kinds", "w:1:41", "Write date '2026-01-01'."),
        ("rule_kinds", "w:1:60", ""),
    ]
    assert check(parse("account.segment = 'SMB' and is_won"), COLUMNS, expects=Kind.flag) == []
    assert [i.code for i in check(parse("amount * 2"), COLUMNS, expects=Kind.flag)] == ["rule_kinds"]


def test_fields_are_the_lineage():
    rule = parse("if(is_won, amount, 0) > 5 or lower(account.segment) in (extra.\"a b\", 'x')")
    assert rule.fields == {"is_won", "amount", "account.segment", "extra.a b"}


@pytest.mark.parametrize(
    ("one", "other"),
    [("a > 1 and b", "b and 1 < a"), ("a != 1.0", "1 <> a"), ("x in ('b','a','a')", "x in ('a', 'b')"),
     ("a between 1 and 2", "a >= 1 AND a <= 2"), ("not (a = b)", "b <> a"), ("not not f", "f"), ("(a and b) and c", "c and (b and a)"),
     ("a + b", "b+a"), ("if(f, 1, 2)", "case when f then 1 else 2 end")],
)  # fmt: skip
def test_one_canonical_form(one, other):
    assert parse(one).canonical == parse(other).canonical
    assert parse(parse(one).canonical).canonical == parse(one).canonical


def test_different_rules_differ():
    assert parse("a - b > 0").canonical != parse("b - a > 0").canonical
    assert parse("a = '1'").canonical != parse("a = 1").canonical


def test_explanation_says_what_it_saw():
    record = {"is_won": True, "amount": Decimal("12000.00"), "region": None}
    found = parse("is_won and amount > 10000 and region = 'EMEA'").explain(record)
    assert str(found) == "is_won is true and amount 12,000.00 > 10,000: holds; region is unknown, so cannot be decided"
    assert [child.value for child in found.children] == [True, True, None]
    found = parse("amount / 3 > 5000").explain(record)
    assert str(found) == "(amount 12,000.00 / 3 = 4,000.00) > 5,000: does not hold"


def test_worked_case_of_the_rules_of_engagement():
    clauses = {
        "open": parse("open_opp = 'y'"),
        "customer": parse("life = 'customer'"),
        "inbound": parse("source = 'inbound' and life = 'new'"),
    }
    axes = {"source": ["inbound", "outbound", "partner"], "life": ["new", "customer"], "open_opp": ["y", "n"]}
    found = coverage(clauses, axes)
    assert (found.scenarios, len(found.gaps), len(found.overlaps)) == (12, 2, 4)
    assert found.gaps == [{"source": s, "life": "new", "open_opp": "n"} for s in ("outbound", "partner")]
    assert parse("source in ('b', 'a') and flag and not other").axes() == {
        "flag": (False, True),
        "other": (False, True),
        "source": ("a", "b"),
    }
