from datetime import date, datetime, timedelta
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geartrain.facts import record_type
from geartrain.kernel.errors import Invalid
from geartrain.kernel.records import changes_between, latest

START = datetime.fromisoformat("2026-01-01T00:00")
DEAL = record_type("opportunity")


def versions(rows: list[tuple[str, int, str, int]]) -> ibis.Table:
    """Rows of key, day recorded, load and value."""
    columns = list(zip(*rows, strict=True)) if rows else [[], [], [], []]
    days = [START + timedelta(d) for d in columns[1]]
    arrays = [pa.array(columns[0], pa.string()), pa.array(days, pa.timestamp("us")),
              pa.array(columns[2], pa.string()), pa.array(columns[3], pa.int64())]  # fmt: skip
    return ibis.memtable(pa.table(arrays, ["id", "recorded_at", "load_id", "value"]))


def values(table: ibis.Table) -> dict[str, int]:
    rows = table.to_pyarrow().to_pylist()
    assert len({r["id"] for r in rows}) == len(rows)
    return {r["id"]: r["value"] for r in rows}


ROWS = [("a", 0, "L1", 1), ("a", 2, "L3", 3), ("b", 1, "L2", 7), ("a", 2, "L4", 4)]


@pytest.mark.parametrize(
    ("day", "known"), [(None, {"a": 4, "b": 7}), (2, {"a": 4, "b": 7}), (1, {"a": 1, "b": 7}), (0, {"a": 1}), (-1, {})]
)
def test_the_latest_of_those_known(day, known):
    at = None if day is None else START + timedelta(day)
    found = latest(versions(ROWS), ["id"], known_as_of=at)
    assert found.columns == ("id", "recorded_at", "load_id", "value")
    assert values(found) == known


histories = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=12)


@settings(max_examples=40, deadline=None)
@given(histories, st.integers(-1, 6))
def test_a_later_look_back_sees_what_was_seen_then(changes, day):
    """What is known as of a day is what the latest versions were when only that day's loads had happened."""
    rows = [(key, at, f"L{n:03d}", n) for n, (key, at) in enumerate(sorted(changes, key=lambda c: c[1]))]
    then = versions([r for r in rows if r[1] <= day])
    now = latest(versions(rows), ["id"], known_as_of=START + timedelta(day))
    assert values(now) == values(latest(then, ["id"]))


def deals(rows: list[dict], day: int) -> ibis.Table:
    full = [dict.fromkeys(DEAL.schema) | {"recorded_at": START + timedelta(day)} | row for row in rows]
    return ibis.memtable(pa.Table.from_pylist(full, schema=ibis.schema(DEAL.schema).to_pyarrow()))


def changes(before: list[dict], after: list[dict], *fields: str) -> list[tuple]:
    table = changes_between(deals(before, 0), deals(after, 1), DEAL, fields)
    assert table.columns == ("opportunity_id", "changed_at", "field", "old_value", "new_value", "changed_by", "extra",
                             "derived")  # fmt: skip
    rows = table.order_by("opportunity_id", "field").to_pyarrow().to_pylist()
    assert all(r["derived"] and r["changed_at"] == START + timedelta(1) for r in rows)
    return [(r["opportunity_id"], r["field"], r["old_value"], r["new_value"]) for r in rows]


@pytest.mark.parametrize(
    ("field", "old", "new", "told"),
    [
        ("stage", "Open", "Won", ("Open", "Won")),
        ("amount", Decimal("1200.5"), Decimal("-1"), ("1200.5000", "-1.0000")),
        ("amount", None, Decimal(0), (None, "0.0000")),
        ("close_date", date(2026, 3, 31), None, ("2026-03-31", None)),
        ("closed_at", START, START + timedelta(hours=1.5), ("2026-01-01T00:00:00", "2026-01-01T01:30:00")),
        ("is_won", False, True, ("false", "true")),
        ("is_won", None, False, (None, "false")),
        ("owner_id", "", None, ("", None)),
    ],
)
def test_a_difference_is_told_as_text(field, old, new, told):
    before, after = {"opportunity_id": "o", field: old}, {"opportunity_id": "o", field: new}
    assert changes([before], [after], field) == [("o", field, *told)]
    assert changes([after], [before], field) == [("o", field, *reversed(told))]
    assert changes([after], [after], field) == []


def test_only_records_of_both_loads_and_the_fields_asked_for():
    before = [{"opportunity_id": "gone", "stage": "Open"}, {"opportunity_id": "o", "stage": "Open", "name": "x"}]
    after = [{"opportunity_id": "new", "stage": "Open"}, {"opportunity_id": "o", "stage": "Won", "name": "y"}]
    assert changes(before, after, "stage", "amount") == [("o", "stage", "Open", "Won")]
    assert changes(before, after, "stage", "name") == [("o", "name", "x", "y"), ("o", "stage", "Open", "Won")]


@pytest.mark.parametrize("fields", [["opportunity_id"], ["colour"], []])
def test_a_field_that_has_no_history_is_refused(fields):
    with pytest.raises(Invalid):
        changes_between(deals([], 0), deals([], 1), DEAL, fields)
