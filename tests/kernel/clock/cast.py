from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from geartrain.kernel.clock.business import BusinessCalendar, Holiday, Week

WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
OFFICE = Week(**dict.fromkeys(WORKDAYS, ("09:00-17:00",)))
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe"]


def _clock(minutes):
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


@st.composite
def spans(draw):
    """Up to three spans of a day that do not overlap, to the minute."""
    marks = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    marks = marks[: len(marks) // 2 * 2]
    return tuple(f"{_clock(a)}-{_clock(b)}" for a, b in zip(marks[::2], marks[1::2], strict=True))


weeks = (
    st.fixed_dictionaries({d: spans() for d in (*WORKDAYS, "saturday", "sunday")})
    .filter(lambda hours: any(hours.values()))
    .map(lambda hours: Week(**hours))
)
# The weeks around both changes of the clock in Europe and in America, and over the end of a year.
days = st.dates(date(2026, 3, 5), date(2026, 4, 8)) | st.dates(date(2026, 10, 20), date(2027, 1, 5))
holidays = st.lists(
    st.builds(Holiday, day=days, name=st.just("Feast"), hours=spans()), max_size=4, unique_by=lambda h: h.day
)
calendars = st.builds(BusinessCalendar, zone=st.sampled_from(ZONES), hours=weeks, holidays=holidays.map(tuple))
instants = st.builds(
    lambda day, second: datetime(day.year, day.month, day.day) + timedelta(seconds=second),
    days,
    st.integers(0, 86_399),
)
amounts = st.integers(1, 40 * 3600).map(lambda s: timedelta(seconds=s))


def is_open(calendar, instant):
    """Whether an instant is business time, by the definition: the wall clock shows a time within that day's hours."""
    local = instant.replace(tzinfo=UTC).astimezone(calendar.tz)
    special = {h.day: h.hours for h in calendar.holidays}
    hours = special.get(local.date(), calendar.hours.days[local.weekday()])
    shown = f"{local:%H:%M}"
    return any(span[:5] <= shown < span[6:] for span in hours)


def at(text):
    return datetime.fromisoformat(text)
