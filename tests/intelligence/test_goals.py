"""Corporate goals by fiscal period."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from geartrain.intelligence.goals import Goals
from geartrain.kernel.periods import FiscalCalendar


def goals(**values):
    goal = {"key": "grow", "name": "Grow", "owner": "ceo", "metric": "bookings", "values": values}
    return Goals.model_validate({"goals": [goal]})


def test_a_period_is_one_of_the_fiscal_calendar():
    found = goals(**{"2026": "1200.50", "2027Q1": 5}).by_period(FiscalCalendar(2))
    assert [(g.start, g.end, g.amount) for g in found] == [
        (date(2025, 2, 1), date(2026, 2, 1), Decimal("1200.50")),
        (date(2026, 2, 1), date(2026, 5, 1), Decimal(5)),
    ]


def test_a_year_may_be_written_as_a_number():
    raw = {"key": "grow", "name": "Grow", "owner": "ceo", "metric": "bookings", "values": {2026: 12}}
    assert Goals.model_validate({"goals": [raw]}).goals[0].values == {"2026": Decimal(12)}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"2026": 1, "2026Q3": 1}, "overlap"),
        ({"2026Q3": 1, "2026-08": 1}, "overlap"),
        ({"2026-W31": 1}, "no month, quarter or year"),
        ({"next year": 1}, "is not a period"),
    ],
)
def test_periods_that_cannot_be_are_refused(values, said):
    with pytest.raises(ValidationError, match=said):
        goals(**values)


def test_goals_have_keys_of_their_own():
    goal = {"key": "grow", "name": "Grow", "owner": "ceo", "metric": "bookings"}
    with pytest.raises(ValidationError, match="two goals have the key grow"):
        Goals.model_validate({"goals": [goal, goal]})
