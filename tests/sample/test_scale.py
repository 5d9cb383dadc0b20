"""Facts for benchmarks: as many as asked, in pieces, the same every time."""

from __future__ import annotations

import duckdb
import pyarrow.parquet as pq
import pytest

from geartrain.facts import record_type
from geartrain.kernel.errors import Invalid
from geartrain.sample import scale, write_changes, write_opportunities


@pytest.fixture
def _small_pieces(monkeypatch):
    monkeypatch.setattr(scale, "PIECE", 700)


@pytest.mark.usefixtures("_small_pieces")
def test_changes_follow_each_other(tmp_path):
    file = write_changes(tmp_path, rows=2_015)
    rows = duckdb.sql(f"select * from '{file}'")
    assert rows.columns == [c.name for c in record_type("opportunity_change").columns]
    counted = duckdb.sql(
        f"select count(*), count(distinct (opportunity_id, changed_at, field)) from '{file}'"
    ).fetchall()[0]
    assert counted == (2_015, 2_015)
    broken = duckdb.sql(
        f"""select * from (select old_value, lag(new_value) over w as before from '{file}'
              window w as (partition by opportunity_id, field order by changed_at))
            where before is not null and before <> old_value"""
    ).fetchall()
    assert broken == []


@pytest.mark.usefixtures("_small_pieces")
def test_opportunities_stand_where_their_changes_leave_them(tmp_path):
    deals, changes = write_opportunities(tmp_path, rows=1_500), write_changes(tmp_path, rows=15_000)
    assert pq.read_schema(deals).names == [c.name for c in record_type("opportunity").columns]
    odd = duckdb.sql(
        f"""select * from (
              select d.opportunity_id, arg_max(c.new_value, c.changed_at) as last, c.field, any_value(d) as d
              from '{deals}' d join '{changes}' c using (opportunity_id) group by all)
            where last <> case field when 'stage' then d.stage when 'amount' then d.amount::varchar
              when 'owner_id' then d.owner_id
              when 'close_date' then d.close_date::varchar else d.forecast_category end"""
    ).fetchall()
    assert odd == []
    ended = duckdb.sql(
        f"""select d.opportunity_id from '{deals}' d join '{changes}' c using (opportunity_id)
            group by d.opportunity_id, d.closed_at, d.created_at, d.is_closed
            having max(c.changed_at) <> d.closed_at or min(c.changed_at) < d.created_at
              or d.is_closed <> (d.closed_at is not null)"""
    ).fetchall()
    assert ended == []
    ((won, closed, count),) = duckdb.sql(
        f"select avg(is_won::int), avg(is_closed::int), count(*) from '{deals}'"
    ).fetchall()
    assert (won, closed, count) == (pytest.approx(0.3, abs=0.02), pytest.approx(0.75, abs=0.02), 1_500)


def test_csv_says_what_parquet_says(tmp_path):
    for make in (write_changes, write_opportunities):
        csv, parquet = make(tmp_path, rows=300, format="csv"), make(tmp_path, rows=300)
        both = duckdb.sql(f"select * from read_csv('{csv}') except select * from '{parquet}'").fetchall()
        assert both == []


def test_same_seed_same_bytes(tmp_path):
    a, b, c = (write_changes(tmp_path / n, rows=500, seed=s) for n, s in (("a", 1), ("b", 1), ("c", 2)))
    assert a.read_bytes() == b.read_bytes() != c.read_bytes()


def test_unknown_formats_are_refused(tmp_path):
    with pytest.raises(Invalid):
        write_changes(tmp_path, rows=10, format="json")
