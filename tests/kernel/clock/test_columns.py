from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.kernel.clock.business import BusinessCalendar, Week
from geartrain.kernel.clock.columns import due_times, sla_clocks, working_times
from geartrain.kernel.clock.term import Term, due
from geartrain.kernel.errors import Invalid
from tests.kernel.clock.cast import at, calendars, instants
from tests.kernel.clock.test_term import terms

NAT = np.datetime64("NaT")
TOKYO = BusinessCalendar(zone="Asia/Tokyo")
SUNDAYS = BusinessCalendar(hours=Week(sunday=("10:00-12:00",)))
NAMES = ["a", "b", None]
rows = st.lists(st.tuples(st.sampled_from(NAMES), instants | st.none(), instants | st.none()), max_size=12)


def column(values):
    return np.array([NAT if v is None else v for v in values], dtype="datetime64[us]")


@settings(max_examples=50, deadline=None)
@given(calendars, calendars, rows, terms)
def test_a_column_is_its_rows(one, other, asked, term):
    both = {"a": one, "b": other}
    keys, start, end = ([row[i] for row in asked] for i in range(3))
    worked = working_times(both, keys, column(start), column(end)).tolist()
    ends = due_times(both, keys, column(start), term).tolist()
    for i, (key, since, until) in enumerate(asked):
        assert worked[i] == (both[key].working_time(since, until) if key and since and until else None)
        assert ends[i] == (due(both[key], since, term) if key and since else None)


def test_reads_arrow_columns_with_and_without_zone():
    at_utc = pa.array([datetime(2026, 6, 5, 7, tzinfo=UTC), None], pa.timestamp("ms", "UTC"))
    keys = pa.chunked_array([["tokyo"], ["tokyo"]])
    ends = pa.chunked_array([[at("2026-06-05 09:00")], [at("2026-06-05 09:00")]], pa.timestamp("us"))
    assert working_times({"tokyo": TOKYO}, keys, at_utc, ends).tolist()[0].total_seconds() == 3600
    assert np.isnat(working_times({"tokyo": TOKYO}, keys, at_utc, ends)[1])
    assert working_times({"tokyo": TOKYO}, keys.dictionary_encode().combine_chunks(), ends, ends)[0] == 0


def test_a_calendar_that_is_not_there_is_named_and_lengths_agree():
    with pytest.raises(Invalid, match="'osaka'"):
        working_times({"tokyo": TOKYO}, ["osaka"], column([at("2026-01-01")]), column([at("2026-01-01")]))
    with pytest.raises(Invalid, match="lengths"):
        working_times({"tokyo": TOKYO}, ["tokyo"] * 2, column([at("2026-01-01")]), column([at("2026-01-01")] * 2))


def test_what_lies_outside_the_counted_years_is_unknown():
    odd = column([at("1900-01-01"), at("9999-01-01"), at("2099-12-01"), at("2026-06-08 08:00")])
    both = {"tokyo": TOKYO, "sundays": SUNDAYS}
    assert np.isnat(working_times(both, ["tokyo"] * 4, odd, odd)).tolist() == [True, True, False, False]
    for term in (Term(hours=2000), Term(business_days=2000)):
        ends = due_times(both, ["sundays"] * 4, odd, term)
        assert np.isnat(ends).tolist() == [True, True, True, False]
        assert ends[3].item() == due(SUNDAYS, at("2026-06-08 08:00"), term)


def test_no_rows_are_no_answer():
    assert len(working_times({}, [], column([]), column([]))) == 0


def test_runs_clocks_in_the_owners_calendar():
    # 9:00 to 17:00 in Tokyo is 0:00 to 8:00 UTC; two hours each, read on Friday at noon.
    opened = [
        "2026-06-05 06:30",
        "2026-06-05 06:30",
        "2026-06-04 01:00",
        "2026-06-05 07:00",
        "2026-06-05 13:00",
        "2026-06-04 01:00",
    ]
    touched = ["2026-06-05 07:00", "2026-06-05 13:00", None, None, None, "2026-06-04 05:00"]
    found = sla_clocks(
        {"tokyo": TOKYO},
        ["tokyo"] * 5 + [None],
        column([at(t) for t in opened]),
        column([t and at(t) for t in touched]),
        term=Term(hours=2),
        as_of=at("2026-06-05 12:00"),
    )
    # Touched in time; touched only after the reading; untouched past due; running; not yet begun; nobody's.
    assert found.state.tolist() == ["met", "open", "breached", "open", "", ""]
    assert found.touched.tolist()[:4] == [True, False, False, False]
    assert found.due[0].item() == at("2026-06-08 00:30")
    assert [None if np.isnat(e) else e.item().total_seconds() / 3600 for e in found.elapsed] == [
        0.5,
        1.5,
        15,
        1,
        None,
        None,
    ]


def test_a_late_touch_is_a_breach_and_one_on_the_stroke_is_not():
    opened, touched = column([at("2026-06-05 01:00")] * 2), column([at("2026-06-05 03:00"), at("2026-06-05 03:00:01")])
    asked = sla_clocks({"t": TOKYO}, ["t", "t"], opened, touched, term=Term(hours=2), as_of=at("2026-06-30"))
    assert asked.state.tolist() == ["met", "breached"]
    assert asked.touched.all()
