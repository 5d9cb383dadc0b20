from datetime import datetime, timedelta

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.kernel.measure.when import period_key, period_number, wall_clock
from geartrain.kernel.periods import FiscalCalendar, Grain

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo"]
EARLY, LATE = datetime.fromisoformat("1975-01-01"), datetime.fromisoformat("2090-01-01")
instants = st.datetimes(EARLY, LATE).map(lambda t: t.replace(microsecond=0))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(ZONES), st.integers(1, 12), st.lists(instants, min_size=1, max_size=20))
def test_columns_and_the_calendar_agree_on_the_period_of_every_instant(con, zone, start_month, values):
    calendar = FiscalCalendar(start_month, zone)
    table = ibis.memtable({"t": values}, schema={"t": "timestamp(6)"})
    local = wall_clock(table.t, zone)
    found = con.to_pyarrow(table.select(t=table.t, **{g.value: period_number(local, g, calendar) for g in Grain}))
    for row in found.to_pylist():
        for grain in Grain:
            assert (
                period_key(row[grain.value], grain, calendar)
                == calendar.containing(calendar.day_of(row["t"]), grain).key
            )


def test_utc_costs_nothing():
    column = ibis.table({"t": "timestamp(6)"}, name="x").t
    assert wall_clock(column, "UTC") is column


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_known_window_needs_few_comparisons(zone):
    column = ibis.table({"t": "timestamp(6)"}, name="x").t
    start = datetime.fromisoformat("2025-01-10")
    short = ibis.to_sql(wall_clock(column, zone, since=start, until=start + timedelta(days=365)), dialect="duckdb")
    assert str(short).count("CASE") == 2
