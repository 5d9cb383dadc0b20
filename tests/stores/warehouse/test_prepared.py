"""Expressions with parameters over an embedded warehouse."""

from datetime import date, datetime, timedelta

import ibis
import pyarrow as pa
import pytest

from geartrain.stores.warehouse import prepared
from geartrain.stores.warehouse.embedded import EmbeddedWarehouse


@pytest.fixture
def snapshot(tmp_path):
    warehouse = EmbeddedWarehouse(tmp_path / "warehouse")
    warehouse.migrate()
    with warehouse.snapshot() as opened:
        opened.con.con.execute("create temp table t as select date '2026-01-01' + i::int d from range(100) r(i)")
        yield opened
    warehouse.close()


def test_an_expression_is_compiled_once_and_run_with_each_value(snapshot):
    table, low, high = snapshot.con.table("t"), ibis.param("date"), ibis.param("timestamp(6)")
    rows = table.filter(table.d >= low, table.d.cast("timestamp(6)") < high).count().name("n")
    known = len(prepared._known)
    for days in (1, 7, 50):
        params = {low: date(2026, 1, 11), high: datetime(2026, 1, 11) + timedelta(days=days)}
        assert snapshot.execute(rows, params).to_pylist() == [{"n": days}]
    assert len(prepared._known) == known + 1


def test_the_types_are_those_of_the_expression(snapshot):
    table, day = snapshot.con.table("t"), ibis.param("date")
    found = snapshot.execute(table.filter(table.d == day).mutate(given=day), {day: date(2026, 1, 5)})
    assert found.schema == pa.schema({"d": pa.date32(), "given": pa.date32()})
    assert found.to_pylist() == [{"d": date(2026, 1, 5), "given": date(2026, 1, 5)}]


def test_values_are_told_apart_whatever_their_order(snapshot):
    table, low, high = snapshot.con.table("t"), ibis.param("date"), ibis.param("date")
    rows = table.filter(table.d >= low, table.d < high).count().name("n")
    first, last = date(2026, 1, 2), date(2026, 1, 9)
    assert snapshot.execute(rows, {low: first, high: last}).to_pylist() == [{"n": 7}]
    assert snapshot.execute(rows, {high: last, low: first}).to_pylist() == [{"n": 7}]
