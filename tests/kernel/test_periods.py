import itertools
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import FiscalCalendar, Grain, WeekCalendar, YearEnd

by_months = st.builds(FiscalCalendar, st.integers(1, 12))
by_weeks = st.builds(
    WeekCalendar,
    st.sampled_from([(4, 4, 5), (4, 5, 4), (5, 4, 4)]),
    st.integers(1, 12),
    st.integers(0, 6),
    st.sampled_from(YearEnd),
)
calendars = by_months | by_weeks
days = st.dates(date(1995, 1, 1), date(2060, 12, 31))
years = st.integers(1996, 2059)
RETAIL = WeekCalendar((4, 5, 4), 1, 5, YearEnd.nearest)
LAST_SATURDAY = WeekCalendar((4, 4, 5), 9, 5)


@pytest.mark.parametrize(
    ("calendar", "key", "start", "end"),
    [
        (FiscalCalendar(2), "2026Q1", date(2025, 2, 1), date(2025, 5, 1)),
        (FiscalCalendar(2), "FY2026", date(2025, 2, 1), date(2026, 2, 1)),
        (FiscalCalendar(1), "2026-07", date(2026, 7, 1), date(2026, 8, 1)),
        # The years an American company with the last Saturday of September reported.
        (LAST_SATURDAY, "2022", date(2021, 9, 26), date(2022, 9, 25)),
        (LAST_SATURDAY, "2023", date(2022, 9, 25), date(2023, 10, 1)),
        (LAST_SATURDAY, "2024", date(2023, 10, 1), date(2024, 9, 29)),
        # The retail calendar: its 2023 (our FY2024, named after its end) had 53 weeks.
        (RETAIL, "2024", date(2023, 1, 29), date(2024, 2, 4)),
        (RETAIL, "2024-P01", date(2023, 1, 29), date(2023, 2, 26)),
        (RETAIL, "2024-P02", date(2023, 2, 26), date(2023, 4, 2)),
        (RETAIL, "2024-P12", date(2023, 12, 31), date(2024, 2, 4)),
        (RETAIL, "FY2024Q4", date(2023, 10, 29), date(2024, 2, 4)),
        (RETAIL, "2024-W53", date(2024, 1, 28), date(2024, 2, 4)),
        (RETAIL, "2024-02-29", date(2024, 2, 29), date(2024, 3, 1)),
    ],
)
def test_a_key_names_days(calendar, key, start, end):
    period = calendar.parse(key)
    assert (period.start, period.end) == (start, end)


@pytest.mark.parametrize("key", ["", "2026Q5", "2026-13", "0000", "2026-W54", "July", "2026-02-30"])
@pytest.mark.parametrize("calendar", [FiscalCalendar(2), RETAIL])
def test_other_keys_are_refused(calendar, key):
    with pytest.raises(Invalid):
        calendar.parse(key)


@pytest.mark.parametrize("key", ["2026-07", "2026-P13", "2025-W53", "2026-W00"])
def test_a_year_of_weeks_has_no_calendar_months_nor_weeks_it_lacks(key):
    with pytest.raises(Invalid):
        RETAIL.parse(key)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: FiscalCalendar(13),
        lambda: WeekCalendar((4, 4, 4)),
        lambda: WeekCalendar(end_month=0),
        lambda: WeekCalendar(end_weekday=7),
        lambda: RETAIL.quarter(2026, 5),
        lambda: RETAIL.month(2026, 13),
        lambda: FiscalCalendar().month(2026, 0),
    ],
)
def test_calendars_that_cannot_be(wrong):
    with pytest.raises(Invalid):
        wrong()


@given(calendars, days, st.sampled_from(Grain))
def test_the_period_of_a_day_holds_it_and_has_its_key(calendar, day, grain):
    period = calendar.containing(day, grain)
    assert day in period
    assert period.end not in period
    assert calendar.parse(period.key) == period


@given(calendars, years, st.sampled_from([Grain.day, Grain.month, Grain.quarter]))
def test_periods_tile_the_year(calendar, fiscal_year, grain):
    year = calendar.year(fiscal_year)
    assert calendar.year(fiscal_year + 1).start == year.end
    parts = calendar.between(year.start, year.end, grain)
    assert [p.start for p in parts] + [year.end] == [year.start] + [p.end for p in parts]
    if grain is Grain.quarter:
        assert parts == [calendar.quarter(fiscal_year, n) for n in range(1, 5)]
    if grain is Grain.month:
        assert parts == [calendar.month(fiscal_year, n) for n in range(1, 13)]
        assert [parts[3 * n].start for n in range(4)] == [calendar.quarter(fiscal_year, n + 1).start for n in range(4)]


@given(calendars, days, st.sampled_from(Grain))
def test_previous_ends_where_this_one_begins(calendar, day, grain):
    period = calendar.containing(day, grain)
    before = calendar.previous(period, grain)
    assert before.end == period.start
    assert before.key != period.key


@given(by_weeks, years)
def test_a_year_of_weeks_has_52_or_53_and_ends_on_its_weekday(calendar, fiscal_year):
    year = calendar.year(fiscal_year)
    weeks, rest = divmod((year.end - year.start).days, 7)
    assert (weeks in (52, 53), rest) == (True, 0)
    last = year.end - timedelta(days=1)
    assert last.weekday() == calendar.end_weekday
    month_end = FiscalCalendar().containing(date(fiscal_year, calendar.end_month, 1), Grain.month).end
    gap = (last - month_end).days + 1
    assert -7 < gap <= 0 if calendar.end is YearEnd.last else -3 <= gap <= 3
    lengths = [(p.end - p.start).days // 7 for p in (calendar.month(fiscal_year, n) for n in range(1, 13))]
    assert lengths == [*(calendar.pattern * 4)[:-1], calendar.pattern[2] + weeks - 52]
    assert [w.key for w in calendar.between(year.start, year.end, Grain.week)][-1] == f"{fiscal_year}-W{weeks}"


def test_a_53rd_week_comes_every_five_or_six_years():
    long = [
        y for y in range(2000, 2061) if RETAIL.parse(str(y)).end - RETAIL.parse(str(y)).start == timedelta(weeks=53)
    ]
    assert {b - a for a, b in itertools.pairwise(long)} == {5, 6}


def test_instants_are_of_the_zone():
    calendar = WeekCalendar(zone="America/New_York")
    assert calendar.instant(date(2026, 7, 1)) == datetime(2026, 7, 1, 4)
    assert calendar.day_of(datetime(2026, 7, 1, 3, 59)) == date(2026, 6, 30)
