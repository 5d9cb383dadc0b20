import pytest

from geartrain.kernel.measure import load_metric, run_examples
from tests.kernel.measure.cases import HEAD, METRICS, TYPES
from tests.kernel.measure.memory import make_source

EXAMPLE = """
key: {key}
name: {key}
unit: money
spec: {spec}
examples:
  - says: What was won counts, by quarter.
    facts:
      opportunity:
        - {{opportunity_id: o1, is_won: true, closed_at: 2026-02-01, amount: 10.50, created_at: 2026-01-01}}
        - {{opportunity_id: o2, is_won: false, closed_at: 2026-02-01, amount: 7, created_at: 2026-01-01}}
    workspace: {{fiscal_year_start: 2}}
    query: {{by: [quarter], as_of: 2026-03-31}}
    rows: [[{quarter}, {amount}]]
"""
SPEC = "{from: opportunity, at: closed_at, value: {agg: sum, of: amount, where: is_won}}"


@pytest.fixture
def make(con):
    return lambda tables, **settings: make_source(con, tables, **settings)


def example(**words):
    metric, issues = load_metric(HEAD + EXAMPLE.format(**({"key": "sold", "spec": SPEC} | words)), "sold.yaml")
    assert metric is not None, issues
    return metric


def test_an_example_that_holds_gives_no_issue(make):
    assert run_examples(example(quarter="2027Q1", amount="10.5"), make, types=TYPES) == []


@pytest.mark.parametrize(("quarter", "amount"), [("2027Q1", "10.4"), ("2026Q1", "10.5"), ("2027Q1", "null")])
def test_an_example_that_does_not_hold_says_what_was_found(make, quarter, amount):
    issues = run_examples(example(quarter=quarter, amount=amount), make, types=TYPES)
    assert [i.code for i in issues] == ["example_fails"]
    assert "found [['2027Q1', '10.5000']]" in issues[0].message


def test_a_derived_metric_is_given_those_it_reads(make):
    derived = example(key="twice", spec="{expr: 2 * bookings}", quarter="2027Q1", amount="21")
    assert run_examples(derived, make, types=TYPES, metrics=METRICS) == []
