from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from geartrain.kernel.clock.business import BusinessCalendar, Holiday, Week
from geartrain.kernel.clock.cadence import Cadence, Change, OnHoliday
from geartrain.kernel.clock.fiscal import FiscalYear
from geartrain.kernel.clock.recurrence import WEEKDAYS, ByRule, InPeriod, Recurrence, Weekly
from geartrain.kernel.clock.term import Term
from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import FiscalCalendar, Grain, WeekCalendar, YearEnd
from tests.kernel.clock.cast import OFFICE, at

FEBRUARY = FiscalCalendar(2)
RETAIL = WeekCalendar((4, 5, 4), 1, 5, YearEnd.nearest)
NEW_YORK = BusinessCalendar(
    zone="America/New_York",
    hours=OFFICE,
    holidays=(
        Holiday(day=date(2026, 5, 25), name="Memorial Day"),
        Holiday(day=date(2026, 7, 3), name="Independence Day (observed)"),
    ),
)


def days(recurs, since, until, fiscal=FEBRUARY, **more):
    cadence = Cadence(kind="review", recurs=recurs, **more)
    found = cadence.occurrences(date.fromisoformat(since), date.fromisoformat(until), fiscal=fiscal, business=NEW_YORK)
    return [o.day.isoformat() for o in found]


@pytest.mark.parametrize(
    ("recurs", "since", "until", "found"),
    [
        (
            {"every": "quarter", "number": 3, "day": "business_day"},
            "2026-01-01",
            "2026-12-01",
            ["2026-02-04", "2026-05-05", "2026-08-05", "2026-11-04"],
        ),
        (
            {"every": "month", "number": -1, "day": "business_day"},
            "2026-05-01",
            "2026-08-01",
            ["2026-05-29", "2026-06-30", "2026-07-31"],
        ),
        (
            {"every": "quarter", "number": -1, "day": "friday"},
            "2026-01-01",
            "2026-11-01",
            ["2026-01-30", "2026-04-24", "2026-07-31", "2026-10-30"],
        ),
        ({"every": "month", "number": 5, "day": "friday"}, "2026-01-01", "2026-06-01", ["2026-01-30", "2026-05-29"]),
        ({"every": "year", "number": 1, "day": "monday"}, "2026-01-01", "2027-01-01", ["2026-02-02"]),
        ({"every": "quarter", "number": -1, "day": "day"}, "2026-03-01", "2026-08-01", ["2026-04-30", "2026-07-31"]),
        ({"every": "quarter", "number": 10, "day": "day"}, "2026-02-01", "2026-03-01", ["2026-02-10"]),
        ({"every": "week", "on": ["monday"]}, "2026-05-12", "2026-06-02", ["2026-05-18", "2026-05-26", "2026-06-01"]),
        (
            {"every": "week", "on": ["monday"], "interval": 2, "starting": "2026-06-03"},
            "2026-05-01",
            "2026-07-01",
            ["2026-06-15", "2026-06-29"],
        ),
        (
            {"every": "rrule", "rule": "FREQ=MONTHLY;BYDAY=2TU", "starting": "2026-02-11"},
            "2026-01-01",
            "2026-05-01",
            ["2026-03-10", "2026-04-14"],
        ),
    ],
)
def test_recurs_on(recurs, since, until, found):
    assert days(recurs, since, until) == found


def test_recurs_on_the_fiscal_calendar_whatever_it_is():
    recurs = {"every": "month", "number": 1, "day": "business_day"}
    assert days(recurs, "2026-02-01", "2026-05-01", RETAIL) == ["2026-02-02", "2026-03-02", "2026-04-06"]


@pytest.mark.parametrize(
    ("on_holiday", "found"),
    [("next", "2026-05-26"), ("previous", "2026-05-22"), ("keep", "2026-05-25"), ("skip", None)],
)
def test_a_holiday_moves_it(on_holiday, found):
    weekly = {"every": "week", "on": ["monday"]}
    assert days(weekly, "2026-05-19", "2026-05-30", on_holiday=on_holiday) == ([found] if found else [])


def test_says_when_where_and_why():
    call = Cadence(
        kind="forecast_call",
        recurs=Weekly(every="week", on=("monday", "tuesday")),
        at="10:30",
        minutes=30,
        pre_read=Term(business_days=1),
        exceptions=(
            Change(day=date(2026, 6, 1), move_to=date(2026, 6, 4), reason="sales kick-off"),
            Change(day=date(2026, 6, 2), reason="sales kick-off"),
            Change(day=date(2026, 6, 3), reason="never on a Wednesday"),
        ),
    )
    around = {"fiscal": FEBRUARY, "business": NEW_YORK}
    found = call.occurrences(date(2026, 5, 25), date(2026, 6, 8), **around)
    assert [(o.scheduled.day, o.day.day, o.note) for o in found] == [(26, 26, ""), (1, 4, "sales kick-off")]
    assert (found[0].starts, found[0].ends) == (at("2026-05-26 14:30"), at("2026-05-26 15:00"))
    assert found[0].pre_read_due == at("2026-05-22 21:00")
    assert call.left_out(date(2026, 5, 25), date(2026, 6, 8), **around) == [
        (date(2026, 5, 25), "together with 2026-05-26"),
        (date(2026, 6, 2), "sales kick-off"),
    ]
    issues = call.check(**around, where="policies/forecast.yaml")
    assert [(i.code, i.where) for i in issues] == [("cadence_exception_unused", "policies/forecast.yaml")]
    assert "2026-06-03" in issues[0].message


def test_what_is_moved_far_away_is_found_where_it_went():
    qbr = Cadence(
        kind="qbr",
        recurs=InPeriod(every="quarter", number=1, day="business_day"),
        exceptions=(Change(day=date(2026, 2, 2), move_to=date(2026, 4, 14), reason="merger"),),
    )
    found = qbr.occurrences(date(2026, 4, 1), date(2026, 5, 1), fiscal=FEBRUARY, business=NEW_YORK)
    assert [(o.scheduled, o.day) for o in found] == [(date(2026, 2, 2), date(2026, 4, 14))]
    assert qbr.occurrences(date(2026, 2, 1), date(2026, 4, 1), fiscal=FEBRUARY, business=NEW_YORK) == []


def test_a_month_without_business_days_is_refused():
    shut = tuple(Holiday(day=date(2026, 6, 1) + timedelta(days=n), name="closed") for n in range(60))
    with pytest.raises(Invalid, match="31 days"):
        Cadence(kind="qbr", recurs=Weekly(every="week", on=("monday",))).occurrences(
            date(2026, 6, 1), date(2026, 7, 1), fiscal=FEBRUARY, business=BusinessCalendar(holidays=shut)
        )


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"every": "month", "number": 0, "day": "day"}, "number 0"),
        ({"every": "week", "on": ["monday"], "interval": 2}, "starting"),
        ({"every": "week", "on": []}, "at least 1"),
        ({"every": "rrule", "rule": "FREQ=DAILY", "starting": "2026-01-01"}, "FREQ is"),
        ({"every": "rrule", "rule": "FREQ=MONTHLY;COUNT=3", "starting": "2026-01-01"}, "'COUNT'"),
        ({"every": "rrule", "rule": "FREQ=MONTHLY;BYDAY=XX", "starting": "2026-01-01"}, "no recurrence rule"),
        ({"every": "rrule", "rule": "FREQ=WEEKLY;INTERVAL=0", "starting": "2026-01-01"}, "INTERVAL"),
        ({"every": "rrule", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "starting": "2026-01-01"}, "never"),
        ({"every": "fortnight"}, "tag"),
    ],
)
def test_rules_that_say_nothing_are_refused(wrong, says):
    with pytest.raises(ValidationError, match=says):
        TypeAdapter(Recurrence).validate_python(wrong)


def test_an_exception_stands_once():
    change = {"day": "2026-06-01", "reason": "x"}
    with pytest.raises(ValidationError, match="twice"):
        Cadence(kind="qbr", recurs={"every": "week", "on": ["monday"]}, exceptions=[change, change])


@pytest.mark.parametrize(
    ("said", "calendar"),
    [
        ({"by": "months", "start_month": 2}, FiscalCalendar(2, "Asia/Tokyo")),
        (
            {"by": "weeks", "pattern": "4-5-4", "end_month": 1, "end": "nearest"},
            WeekCalendar((4, 5, 4), 1, 5, YearEnd.nearest, "Asia/Tokyo"),
        ),
    ],
)
def test_a_policy_says_which_fiscal_year(said, calendar):
    assert TypeAdapter(FiscalYear).validate_python(said).calendar("Asia/Tokyo") == calendar


def test_reads_as_yaml_is_written():
    said = """
    kind: qbr
    recurs: {every: quarter, number: 3, day: business_day}
    at: 09:30
    attendees: [head_of_sales]
    pre_read: {hours: 1.5}
    exceptions:
      - {day: 2026-05-05, move_to: 2026-05-12, reason: Trade fair}
    """
    cadence = Cadence.model_validate(YAML(typ="safe", pure=True).load(said))
    assert Cadence.model_validate_json(cadence.model_dump_json()) == cadence
    found = cadence.occurrences(date(2026, 5, 1), date(2026, 6, 1), fiscal=FEBRUARY, business=NEW_YORK)
    assert [(o.starts, o.pre_read_due) for o in found] == [(at("2026-05-12 13:30"), at("2026-05-11 20:00"))]
    assert Cadence.model_json_schema()["properties"]["recurs"]["discriminator"]["propertyName"] == "every"


@given(st.sampled_from(WEEKDAYS), st.integers(-5, 5).filter(bool), st.integers(2020, 2030))
def test_weekdays_of_calendar_months_are_those_of_the_rfc(day, number, year):
    since, until = date(year, 1, 1), date(year + 2, 1, 1)
    around = {"fiscal": FiscalCalendar(1), "business": NEW_YORK}
    rule = ByRule(every="rrule", rule=f"FREQ=MONTHLY;BYDAY={number}{day[:2].upper()}", starting=since)
    assert InPeriod(every="month", number=number, day=day).days(since, until, **around) == rule.days(
        since, until, **around
    )


recurrences = (
    st.builds(
        InPeriod,
        every=st.sampled_from(["month", "quarter", "year"]),
        number=st.integers(-6, 6).filter(bool),
        day=st.sampled_from(["business_day", "day", *WEEKDAYS]),
    )
    | st.builds(
        Weekly,
        every=st.just("week"),
        on=st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(tuple),
        interval=st.integers(1, 4),
        starting=st.dates(date(2025, 6, 1), date(2025, 12, 1)),
    )
    | st.builds(
        ByRule,
        every=st.just("rrule"),
        rule=st.sampled_from(["FREQ=WEEKLY;BYDAY=MO,SU", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYMONTHDAY=15"]),
        starting=st.just(date(2025, 1, 1)),
    )
)
window = st.dates(date(2026, 1, 1), date(2027, 6, 30))
feasts = st.lists(window, max_size=8, unique=True).map(lambda ds: tuple(Holiday(day=d, name="Feast") for d in ds))
fiscal = st.sampled_from([FiscalCalendar(1), FEBRUARY, RETAIL])


@settings(max_examples=60, deadline=None)
@given(
    recurrences,
    fiscal,
    feasts,
    st.sampled_from(OnHoliday),
    st.lists(st.tuples(window, window | st.none()), max_size=3),
    st.tuples(window, window, window),
    st.data(),
)
def test_two_windows_hold_what_one_does(recurs, fiscal, feasts, on_holiday, changes, marks, data):
    business = BusinessCalendar(zone="Europe/Berlin", hours=OFFICE, holidays=feasts)
    a, b, c = sorted(marks)
    around = {"fiscal": fiscal, "business": business}
    scheduled = recurs.days(a, c, **around)
    named = {data.draw(st.sampled_from(scheduled)) if scheduled else day: to for day, to in changes}
    exceptions = tuple(Change(day=d, move_to=to, reason="x") for d, to in named.items())
    cadence = Cadence(kind="review", recurs=recurs, on_holiday=on_holiday, exceptions=exceptions)
    whole = cadence.occurrences(a, c, **around)
    assert whole == cadence.occurrences(a, b, **around) + cadence.occurrences(b, c, **around)
    assert len({o.day for o in whole}) == len(whole)
    assert [o.starts for o in whole] == sorted(o.starts for o in whole)
    if on_holiday is not OnHoliday.keep:
        moved = set(named.values())
        assert all(business.is_business_day(o.day) for o in whole if o.day not in moved)
    accounted = {o.scheduled for o in cadence.occurrences(a - timedelta(days=600), c + timedelta(days=600), **around)}
    accounted |= {d for d, _ in cadence.left_out(a, c, **around)}
    assert set(scheduled) <= accounted


@given(st.sampled_from(["month", "quarter", "year"]), fiscal, feasts, st.integers(1, 15))
def test_the_nth_business_day_has_n_minus_one_before_it(every, fiscal, feasts, number):
    business = BusinessCalendar(hours=Week(tuesday=("09:00-10:00",), thursday=("09:00-10:00",)), holidays=feasts)
    rule = InPeriod(every=every, number=number, day="business_day")
    since, until = date(2026, 1, 1), date(2027, 3, 1)
    found = rule.days(since, until, fiscal=fiscal, business=business)
    for day in found:
        assert business.is_business_day(day)
        assert len(business.business_days(fiscal.containing(day, Grain(every)).start, day)) == number - 1
    assert len({fiscal.containing(d, Grain(every)).key for d in found}) == len(found)
