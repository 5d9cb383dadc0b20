from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from geartrain.kernel.clock.business import BusinessCalendar, Holiday, Week
from geartrain.kernel.errors import Invalid
from tests.kernel.clock.cast import OFFICE, amounts, at, calendars, days, instants, is_open

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
ROUND_THE_CLOCK = Week(**dict.fromkeys(Week.model_fields, ("00:00-24:00",)))
NIGHTS = Week(sunday=("01:30-04:00",))


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-06-05 14:00", "2026-06-08 08:00", 2),  # Friday 16:00 to Monday 10:00 in Berlin
        ("2026-06-06 00:00", "2026-06-07 23:00", 0),  # a weekend
        ("2026-12-23 16:00", "2026-12-28 09:00", 4),  # three hours of Christmas Eve, none of Christmas, one of Monday
        ("2026-06-08 08:00", "2026-06-05 14:00", -2),
        ("2026-03-27 15:00", "2026-03-30 07:30", 1.5),  # the clock goes forward in between
    ],
)
def test_counts_business_time(berlin, start, end, hours):
    assert berlin.working_time(at(start), at(end)) == hours * HOUR


@pytest.mark.parametrize(
    ("zone", "week", "day", "hours"),
    [
        ("Europe/Berlin", ROUND_THE_CLOCK, date(2026, 3, 29), 23),
        ("Europe/Berlin", ROUND_THE_CLOCK, date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", ROUND_THE_CLOCK, date(2026, 4, 5), 24.5),
        ("Europe/Berlin", NIGHTS, date(2026, 3, 29), 1.5),  # 2:00 to 3:00 does not happen
        ("Europe/Berlin", NIGHTS, date(2026, 10, 25), 3.5),  # 2:00 to 3:00 happens twice
        ("Europe/Berlin", NIGHTS, date(2026, 4, 5), 2.5),
    ],
)
def test_days_on_which_the_clock_changes(zone, week, day, hours):
    calendar = BusinessCalendar(zone=zone, hours=week)
    midnights = [datetime(d.year, d.month, d.day, tzinfo=ZoneInfo(zone)) for d in (day, day + timedelta(days=1))]
    assert calendar.working_time(*midnights) == hours * HOUR


def test_hours_that_fall_into_the_gap_are_no_business_day():
    calendar = BusinessCalendar(zone="Europe/Berlin", hours=Week(sunday=("02:00-03:00",)))
    assert not calendar.is_business_day(date(2026, 3, 29))
    assert calendar.add_business_days(date(2026, 3, 22), 1) == date(2026, 4, 5)


def test_a_clock_put_back_over_midnight_keeps_days_apart():
    # St. John's went from 0:01 back to 23:01 of the day before until 2011.
    calendar = BusinessCalendar(zone="America/St_Johns", hours=ROUND_THE_CLOCK)
    assert calendar.close_of(date(2010, 11, 6)) == at("2010-11-07 03:30")
    assert calendar.close_of(date(2010, 11, 7)) == at("2010-11-08 03:30")


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-06-05 14:00", 1, "2026-06-05 15:00"),  # the first instant: Friday's close, not Monday's opening
        ("2026-06-05 14:00", 2, "2026-06-08 08:00"),
        ("2026-06-08 08:00", -1, "2026-06-08 07:00"),  # the last instant: Monday's opening, not Friday's close
        ("2026-06-08 08:00", -2, "2026-06-05 14:00"),
        ("2026-06-06 12:00", 0, "2026-06-06 12:00"),
        ("2026-12-23 16:00", 3, "2026-12-24 11:00"),
        # 2,600 weeks, and the 13 hours that Christmas took: Friday 16:00 to Tuesday 13:00.
        ("2026-06-05 14:00", 40 * 2600, "2076-04-07 11:00"),
    ],
)
def test_adds_business_time(start, hours, end, berlin):
    assert berlin.add_working_time(at(start), hours * HOUR) == at(end)


def test_aware_instants_are_the_same_instants(berlin):
    aware = datetime(2026, 6, 5, 16, tzinfo=ZoneInfo("Europe/Berlin"))
    assert berlin.working_time(aware, at("2026-06-08 08:00")) == 2 * HOUR
    assert berlin.add_working_time(aware, 2 * HOUR) == at("2026-06-08 08:00")
    assert berlin.day_of(datetime(2026, 6, 5, 23, tzinfo=UTC)) == date(2026, 6, 6)


def test_business_days(berlin):
    assert berlin.add_business_days(date(2026, 12, 23), 2) == date(2026, 12, 28)
    assert berlin.add_business_days(date(2026, 12, 28), -1) == date(2026, 12, 24)
    assert berlin.add_business_days(date(2026, 12, 25), 0) == date(2026, 12, 25)
    assert berlin.close_of(date(2026, 12, 24)) == at("2026-12-24 11:00")
    assert berlin.business_days(date(2026, 12, 24), date(2026, 12, 30)) == [date(2026, 12, d) for d in (24, 28, 29)]
    with pytest.raises(Invalid):
        berlin.close_of(date(2026, 12, 25))


@pytest.mark.parametrize(
    "ask",
    [
        lambda c: c.working_time(at("1969-12-31"), at("2026-01-01")),
        lambda c: c.working_time(at("2026-01-01"), at("2100-01-01")),
        lambda c: c.add_working_time(at("2026-01-01"), timedelta(days=365 * 100)),
        lambda c: c.add_working_time(at("2026-01-01"), -timedelta(days=365 * 100)),
        lambda c: c.add_business_days(date(2026, 1, 1), 20_000),
        lambda c: c.add_business_days(date(2026, 1, 1), -20_000),
        lambda c: c.day_of(at("9999-12-31")),
        lambda c: c.is_business_day(date(1800, 1, 1)),
        lambda c: c.business_days(date(2026, 1, 1), date(2300, 1, 1)),
        lambda c: c.in_zone("Europe/Atlantis"),
    ],
)
def test_what_lies_outside_the_counted_years_is_refused(berlin, ask):
    with pytest.raises(Invalid):
        ask(berlin)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"hours": {"monday": ["22:00-06:00"]}}, "over midnight"),
        ({"hours": {"monday": ["09:00-09:00"]}}, "over midnight"),
        ({"hours": {"monday": ["09:00-12:00", "11:00-17:00"]}}, "overlap"),
        ({"hours": {"monday": ["9-17"]}}, "match"),
        ({"hours": {}}, "no business time"),
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"holidays": [{"day": "2026-01-01", "name": "a"}, {"day": "2026-01-01", "name": "b"}]}, "twice"),
        ({"holidays": [{"day": "1815-06-18", "name": "Waterloo"}]}, "1970"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_calendars_that_cannot_be_are_refused(wrong, says):
    with pytest.raises(ValidationError, match=says):
        BusinessCalendar.model_validate(wrong)


def test_a_calendar_is_a_value():
    one = BusinessCalendar(zone="Europe/Berlin", holidays=(Holiday(day=date(2026, 5, 1), name="May Day"),))
    other = BusinessCalendar.model_validate_json(one.model_dump_json())
    assert one.is_business_day(date(2026, 4, 30))
    assert (one, hash(one)) == (other, hash(other))
    free = one.model_copy(update={"hours": Week(sunday=("10:00-11:00",))})
    assert not free.is_business_day(date(2026, 4, 30))
    assert one.in_zone("Asia/Tokyo").close_of(date(2026, 4, 30)) == at("2026-04-30 08:00")
    assert BusinessCalendar.model_json_schema()["additionalProperties"] is False


@settings(max_examples=40, deadline=None)
@given(calendars, instants, st.integers(1, 4000))
def test_is_what_a_walk_minute_by_minute_finds(calendar, start, minutes):
    start = start.replace(second=0)
    walked = sum(is_open(calendar, start + i * MINUTE) for i in range(minutes))
    assert calendar.working_time(start, start + minutes * MINUTE) == walked * MINUTE
    assert calendar.is_working(start) == is_open(calendar, start)


@given(calendars, instants, instants, instants)
def test_splitting_a_stretch_changes_no_total(calendar, a, b, c):
    assert calendar.working_time(a, b) + calendar.working_time(b, c) == calendar.working_time(a, c)


@given(calendars, instants, instants)
def test_later_never_has_less_and_none_has_more_than_the_clock(calendar, a, b):
    a, b = sorted((a, b))
    assert timedelta(0) <= calendar.working_time(a, b) <= b - a


@given(calendars, instants, amounts)
def test_adding_and_counting_undo_each_other(calendar, start, amount):
    later = calendar.add_working_time(start, amount)
    assert calendar.working_time(start, later) == amount
    assert calendar.working_time(start, later - timedelta(microseconds=1)) < amount
    earlier = calendar.add_working_time(start, -amount)
    assert calendar.working_time(earlier, start) == amount
    assert calendar.working_time(earlier + timedelta(microseconds=1), start) < amount


@given(calendars, instants, amounts, amounts)
def test_adding_in_two_parts_is_adding_the_whole(calendar, start, a, b):
    assert calendar.add_working_time(calendar.add_working_time(start, a), b) == calendar.add_working_time(start, a + b)


@given(calendars, instants, instants)
def test_where_counted_time_ends_in_business_time_adding_it_leads_back(calendar, a, b):
    a, b = sorted((a, b))
    worked = calendar.working_time(a, b)
    found = calendar.add_working_time(a, worked)
    assert found <= b
    assert not calendar.working_time(found, b)
    if worked and calendar.is_working(b - timedelta(microseconds=1)):
        assert found == b


@given(calendars, days, st.integers(1, 60))
def test_business_days_count_there_and_back(calendar, day, count):
    later = calendar.add_business_days(day, count)
    assert calendar.is_business_day(later)
    assert len(calendar.business_days(day + timedelta(days=1), later + timedelta(days=1))) == count
    assert calendar.add_business_days(later + timedelta(days=1), -count) > day
    assert calendar.working_time(calendar.close_of(later) - timedelta(microseconds=1), calendar.close_of(later))


@given(st.builds(Holiday, day=days, name=st.just("Feast")), st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"]))
def test_nobody_works_on_a_holiday(holiday, zone):
    calendar = BusinessCalendar(zone=zone, hours=OFFICE, holidays=(holiday,))
    start = datetime(holiday.day.year, holiday.day.month, holiday.day.day, tzinfo=calendar.tz)
    assert calendar.working_time(start, start + timedelta(days=1)) == timedelta(0)


@given(st.lists(days, max_size=6, unique=True), days, days)
def test_business_days_are_those_numpy_counts(feasts, start, end):
    start, end = sorted((start, end))
    calendar = BusinessCalendar(hours=OFFICE, holidays=tuple(Holiday(day=d, name="Feast") for d in feasts))
    assert len(calendar.business_days(start, end)) == np.busday_count(start, end, holidays=feasts)
    assert calendar.add_business_days(start, 5) == np.busday_offset(start, 5, roll="backward", holidays=feasts).item()
