from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geartrain.kernel.clock.term import Term, due, due_before
from tests.kernel.clock.cast import at, calendars, instants

terms = (
    st.builds(Term, hours=st.decimals("0.01", 60, places=2))
    | st.builds(Term, business_days=st.integers(1, 20))
    | st.builds(Term, days=st.integers(1, 40))
)
FRIDAY, MONDAY = "2026-06-05 14:00", "2026-06-08 08:00"  # 16:00 and 10:00 in Berlin


@pytest.mark.parametrize(
    ("opened", "term", "ends"),
    [
        (FRIDAY, Term(hours=2), "2026-06-08 08:00"),
        (FRIDAY, Term(hours=Decimal("0.25")), "2026-06-05 14:15"),
        (FRIDAY, Term(business_days=1), "2026-06-08 15:00"),
        ("2026-06-06 10:00", Term(business_days=1), "2026-06-08 15:00"),
        ("2026-12-23 20:00", Term(business_days=1), "2026-12-24 11:00"),  # the short day
        (FRIDAY, Term(days=1), "2026-06-06 22:00"),
        ("2026-03-28 12:00", Term(days=1), "2026-03-29 22:00"),  # that day has 23 hours
    ],
)
def test_a_term_ends(berlin, opened, term, ends):
    assert due(berlin, at(opened), term) == at(ends)


@pytest.mark.parametrize(
    ("meeting", "term", "ends"),
    [
        (MONDAY, Term(hours=2), "2026-06-05 14:00"),
        (MONDAY, Term(business_days=1), "2026-06-05 15:00"),
        (MONDAY, Term(business_days=2), "2026-06-04 15:00"),
        (MONDAY, Term(days=1), "2026-06-07 22:00"),
        (MONDAY, Term(days=3), "2026-06-05 22:00"),
    ],
)
def test_a_term_before_a_meeting_ends(berlin, meeting, term, ends):
    assert due_before(berlin, at(meeting), term) == at(ends)


@pytest.mark.parametrize("wrong", [{}, {"hours": 1, "days": 1}, {"hours": 0}, {"days": 0}, {"weeks": 1}])
def test_a_term_is_one_thing(wrong):
    with pytest.raises(ValidationError):
        Term(**wrong)


@pytest.mark.parametrize(
    ("term", "said"),
    [
        (Term(hours=1), "1 business hour"),
        (Term(hours=Decimal("1.50")), "1.5 business hours"),
        (Term(hours=100), "100 business hours"),
        (Term(business_days=2), "2 business days"),
        (Term(days=1), "1 day"),
    ],
)
def test_is_said_in_words(term, said):
    assert str(term) == said


@given(calendars, instants, terms)
def test_ends_after_it_begins(calendar, opened, term):
    assert due_before(calendar, opened, term) <= opened < due(calendar, opened, term)


@given(calendars, instants, instants, terms)
def test_who_begins_later_is_never_due_earlier(calendar, a, b, term):
    a, b = sorted((a, b))
    assert due(calendar, a, term) <= due(calendar, b, term)
