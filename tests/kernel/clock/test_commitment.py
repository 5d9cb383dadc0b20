from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.kernel.clock.business import BusinessCalendar
from geartrain.kernel.clock.commitment import Commitment, EscalationStep, State, attainment, commit
from geartrain.kernel.clock.term import Term
from geartrain.kernel.errors import Conflict, Invalid
from tests.kernel.clock.cast import at

OFFICE = BusinessCalendar()
NINE, NOON, TWO = at("2026-06-05 09:00"), at("2026-06-05 12:00"), at("2026-06-05 14:00")
OWED = Commitment("sla", "lead/L1", "ann", NINE, NOON)
WAIVED = OWED.waive(NINE, by="bob", reason="duplicate")
MET = OWED.fulfil(NOON)
LATE = OWED.fulfil(TWO)
UNTOUCHED = OWED.record_breach(TWO)
CANCELLED = OWED.cancel(NINE, by="bob", reason="lead is gone")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("found", "state", "done"),
    [
        (MET, "met", NOON),
        (LATE, "breached", TWO),
        (UNTOUCHED, "breached", None),
        (WAIVED, "waived", None),
        (CANCELLED, "cancelled", None),
    ],
)
def test_transitions_give_new_values(found, state, done):
    assert (found.state, found.done, OWED.state) == (state, done, State.open)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: MET.fulfil(TWO),
        lambda: LATE.fulfil(TWO),
        lambda: WAIVED.fulfil(TWO),
        lambda: CANCELLED.waive(TWO, by="bob", reason="x"),
        lambda: MET.waive(TWO, by="bob", reason="x"),
        lambda: MET.cancel(TWO, by="bob", reason="x"),
        lambda: UNTOUCHED.cancel(TWO, by="bob", reason="x"),
        lambda: OWED.cancel(TWO, by="bob", reason="x"),
        lambda: OWED.record_breach(NOON),
        lambda: UNTOUCHED.record_breach(TWO),
        lambda: LATE.reassign(TWO, to="cleo", due=TWO, by="bob"),
        lambda: OWED.reassign(NOON, to="ann", due=TWO, by="bob"),
        lambda: UNTOUCHED.reassign(TWO, to="cleo", due=TWO, by="bob")[0].fulfil(TWO),
    ],
)
def test_what_is_settled_stays(ask):
    with pytest.raises(Conflict):
        ask()


@pytest.mark.parametrize(
    "ask",
    [
        lambda: OWED.fulfil(NINE - HOUR),
        lambda: OWED.waive(TWO, by="bob", reason=" "),
        lambda: UNTOUCHED.waive(NOON, by="bob", reason="x"),
        lambda: Commitment("sla", "lead/L1", "ann", NOON, NINE),
        lambda: replace(OWED, state=State.met),
        lambda: replace(OWED, closed=NOON),
    ],
)
def test_what_cannot_be_is_refused(ask):
    with pytest.raises(Invalid):
        ask()


def test_aware_instants_become_stored_ones():
    aware = datetime(2026, 6, 5, 9, tzinfo=UTC)
    assert Commitment("sla", "lead/L1", "ann", aware, NOON) == OWED
    assert OWED.fulfil(aware + HOUR).done == NINE + HOUR


@pytest.mark.parametrize(
    ("commitment", "stood"),
    [
        (OWED, [None, "open", "open", "breached", "breached"]),
        (MET, [None, "open", "met", "met", "met"]),
        (LATE, [None, "open", "open", "breached", "breached"]),
        (
            UNTOUCHED.waive(at("2026-06-05 15:00"), by="bob", reason="outage"),
            [None, "open", "open", "breached", "waived"],
        ),
        (WAIVED, [None, "waived", "waived", "waived", "waived"]),
    ],
)
def test_stands_at_an_instant_whatever_came_later(commitment, stood):
    instants = [NINE - HOUR, NINE, NOON, at("2026-06-05 13:00"), at("2026-06-05 16:00")]
    assert [commitment.standing(i) for i in instants] == stood


def test_a_touch_in_time_that_is_known_late_takes_the_breach_back():
    assert UNTOUCHED.fulfil(NOON).state is State.met
    assert UNTOUCHED.fulfil(TWO) == LATE


def test_on_reassignment_a_new_clock_opens_and_the_breach_stays():
    first, second = OWED.reassign(NINE + HOUR, to="cleo", due=TWO, by="bob")
    assert (first.state, first.reason) == (State.cancelled, "reassigned to cleo")
    assert (second.assignee, second.opened, second.due, second.state) == ("cleo", NINE + HOUR, TWO, State.open)
    for owed in (OWED, UNTOUCHED):
        first, second = owed.reassign(TWO + HOUR, to="cleo", due=TWO + 2 * HOUR, by="bob")
        assert (first.state, first.outstanding(TWO + HOUR), first.outstanding(TWO)) == (State.breached, False, True)
        counted = attainment([first, second.fulfil(TWO + HOUR)], as_of=TWO + HOUR)
        assert (counted.met, counted.breached, counted.untouched) == (1, 1, 0)


def test_attainment_counts_what_is_decided():
    owed = [replace(OWED, subject=f"lead/{i}") for i in range(14)]
    running = [replace(o, due=NOON + 24 * HOUR) for o in owed[:4]]
    found = attainment(
        [*(o.fulfil(NOON) for o in owed[:6]), *(o.fulfil(TWO) for o in owed[:2]), OWED, *running, WAIVED, CANCELLED],
        as_of=TWO,
    )
    assert (found.met, found.breached, found.untouched, found.open, found.waived, found.cancelled) == (6, 3, 1, 4, 1, 1)
    assert found.value == Decimal("0.666666666667")
    assert attainment(running, as_of=TWO).value is None
    assert attainment(owed, as_of=NINE - HOUR).open == 0


def test_escalates_while_it_is_to_be_done():
    steps = [
        EscalationStep(after=Term(business_days=1), tell=("head of sales",)),
        EscalationStep(after=Term(hours=2), tell=("manager",)),
    ]
    owed = commit("sla", "lead/L1", assignee="ann", opened=NINE, term=Term(hours=3), calendar=OFFICE, escalation=steps)
    monday = at("2026-06-08 17:00")
    assert owed.due == NOON
    assert owed.escalations(OFFICE, as_of=TWO - timedelta(seconds=1)) == []
    assert [(e.at, e.tell) for e in owed.escalations(OFFICE, as_of=monday)] == [
        (TWO, ("manager",)),
        (monday, ("head of sales",)),
    ]
    late = owed.fulfil(TWO + HOUR)
    assert [e.tell for e in late.escalations(OFFICE, as_of=monday)] == [("manager",)]
    assert owed.fulfil(NOON).escalations(OFFICE, as_of=monday) == []


instants = st.integers(0, 600).map(lambda m: NINE + timedelta(minutes=m))
moves = st.lists(
    st.tuples(st.sampled_from(["fulfil", "record_breach", "waive", "cancel", "reassign"]), instants), max_size=6
)


@given(moves, instants)
def test_any_sequence_keeps_the_books(sequence, as_of):
    held, done = [OWED], []
    for move, moment in sequence:
        extra = {} if move in ("fulfil", "record_breach") else {"by": "bob"}
        extra |= {"reason": "r"} if move in ("waive", "cancel") else {}
        extra |= {"to": f"{held[-1].assignee}x", "due": moment + HOUR} if move == "reassign" else {}
        try:
            changed = getattr(held[-1], move)(moment, **extra)
        except (Conflict, Invalid):
            continue
        held[-1:] = changed if isinstance(changed, tuple) else [changed]
        done.append(move)
    found = attainment(held, as_of=as_of)
    begun = [c for c in held if c.opened <= as_of]
    assert found.met + found.breached + found.open + found.waived + found.cancelled == len(begun)
    assert found.untouched <= found.breached
    assert len(held) == 1 + done.count("reassign")
    assert sum(c.outstanding(as_of) for c in held) <= 1
    for c in held:
        if c.done is not None and c.state is not State.waived:
            assert c.state is (State.met if c.done <= c.due else State.breached)
        if c.state is State.open:
            assert c.standing(as_of) in (None, State.open, State.breached)
