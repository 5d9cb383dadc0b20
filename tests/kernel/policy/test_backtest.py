"""Laws of comparing two versions, over any decisions: itself against itself is empty, swapped totals change sides."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.policy import Policy, PolicySet
from geartrain.kernel.policy.backtest import Counted, Side, Step, backtest, decisions
from geartrain.kernel.policy.ground import Ground

con = ibis.duckdb.connect()
SOURCE = SimpleNamespace(
    execute=lambda expr, params=None: con.to_pyarrow(expr), as_of=date(2026, 12, 31), calendar=FiscalCalendar()
)
GROUND = Ground(SOURCE, PolicySet(), date(2026, 1, 1), date(2026, 4, 1))


class Written:
    """A kind whose policies are what they decided."""

    kind, subject, money = "written", "thing", "its worth"

    def check(self, policy, ground):
        return []

    def decide(self, policy, ground, *, beside):
        return decisions(
            [{"subject": s, "result": r, "value": v, "amount": a} for s, (r, v, a) in policy.envelope.items()]
        )

    def alike(self, policy, beside, ground):
        return Counted()

    def trace(self, policy, ground, subjects):
        return {s: (Step("all", "", True, str(policy.envelope[s])),) for s in subjects if s in policy.envelope}

    def figures(self, policy, ground):
        return []

    def notes(self, policy, ground):
        return []


results = st.tuples(
    st.sampled_from(["pass", "fail"]),
    st.none() | st.sampled_from(["1.500000000", "2.000000000"]),
    st.none() | st.integers(-(10**12), 10**12).map(lambda n: Decimal(n).scaleb(-4)),
)
decided = st.dictionaries(st.text("abc", min_size=1, max_size=3), results, max_size=8)


def side(found):
    return Side(Policy("written", "k", "", found), GROUND)


def tried(old, new, **asked):
    return backtest(Written(), side(old), side(new), **asked)


@settings(max_examples=25, deadline=None)
@given(decided)
def test_against_itself_nothing_differs(found):
    one = tried(found, found)
    assert (one.changed, one.turns, one.changes) == (0, (), ())
    assert one.subjects == len(found)
    assert one.amount_before == one.amount_after


@settings(max_examples=40, deadline=None)
@given(decided, decided)
def test_swapping_the_versions_swaps_every_total_and_side(old, new):
    there, back = tried(old, new), tried(new, old)
    assert (there.subjects, there.changed) == (back.subjects, back.changed)
    assert (there.amount_before, there.amount_after) == (back.amount_after, back.amount_before)
    turned = {(t.after, t.before, t.subjects, t.amount_after, t.amount_before) for t in back.turns}
    assert {(t.before, t.after, t.subjects, t.amount_before, t.amount_after) for t in there.turns} == turned
    assert {(c.subject, c.before, c.after) for c in there.changes} == {
        (c.subject, c.after, c.before) for c in back.changes
    }


@settings(max_examples=40, deadline=None)
@given(decided, decided)
def test_lists_exactly_the_subjects_whose_result_differs(old, new):
    found = tried(old, new)
    subjects = {s for s in old.keys() | new.keys() if old.get(s, ())[:2] != new.get(s, ())[:2]}
    assert {c.subject for c in found.changes} == subjects
    assert found.changed == len(subjects) == sum(t.subjects for t in found.turns)
    sums = [sum((a for _, _, a in d.values() if a is not None), Decimal(0)) for d in (old, new)]
    assert [found.amount_before or 0, found.amount_after or 0] == sums


def test_a_list_is_stated_and_a_total_over_all():
    new = {f"s{n}": ("fail", None, Decimal(n)) for n in range(5)}
    found = tried({}, new, limit=2)
    assert [c.subject for c in found.changes] == ["s4", "s3"]
    assert (found.changed, found.amount_after) == (5, 10)
    assert tried({}, new, limit=0).changes == ()


def test_refuses_more_than_can_be_listed():
    with pytest.raises(Invalid):
        tried({}, {}, limit=10_001)


def test_a_policy_that_was_not_there_decided_nothing():
    found = backtest(Written(), Side(None, GROUND), side({"a": ("pass", "2.500000000", None)}))
    assert found.changes[0].before.result is None
    assert found.changes[0].before.trace[0].text == "There was no such policy."
    assert found.changes[0].after.result == "2.5"
