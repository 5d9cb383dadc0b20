"""ASC 340-40."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from geartrain.incentives.amortising import Cost, roll_forward, schedule


def test_five_thousand_over_three_years():
    assert schedule(Decimal("5000.00"), 36) == [Decimal("138.89")] * 35 + [Decimal("138.85")]


def test_an_asset_rolls_forward_and_is_impaired_when_the_customer_leaves():
    cost = Cost("D1", "bookings", "ann", date(2026, 1, 10), Decimal("5000.00"), 36, date(2026, 3, 5))
    rows = roll_forward([cost], start=date(2026, 1, 1), months=4)
    assert [r.amortised for r in rows] == [Decimal("138.89"), Decimal("138.89"), 0, 0]
    assert rows[2].impaired == Decimal("4722.22")
    assert rows[3].opening == rows[3].closing == 0


def test_under_a_year_it_is_an_expense_at_once():
    rows = roll_forward([Cost("D", "b", "a", date(2026, 1, 10), Decimal(100), 11)], start=date(2026, 1, 1), months=1)
    assert (rows[0].capitalised, rows[0].expensed, rows[0].closing) == (0, 100, 0)


costs = st.builds(
    Cost,
    st.text("d", min_size=1),
    st.just("b"),
    st.just("a"),
    st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    st.decimals(0, 100000, places=2),
    st.integers(1, 48),
    st.none() | st.dates(date(2026, 12, 31), date(2028, 1, 1)),
)


@given(st.lists(costs, max_size=5), st.integers(0, 30))
def test_a_later_start_opens_with_what_an_earlier_one_closes(held, months):
    whole = roll_forward(held, start=date(2024, 1, 1), months=months + 1)
    later = roll_forward(held, start=date.fromisoformat(f"{whole[-1].month}-01"), months=1)
    assert later[0] == whole[-1]
    for r in whole:
        assert r.opening + r.capitalised - r.amortised - r.impaired == r.closing >= 0
