"""What is written: every record type and column, the same bytes every time, whole in itself."""

from __future__ import annotations

import filecmp
from datetime import date

import pyarrow.parquet as pq
import pytest

from geartrain.facts import record_types
from geartrain.kernel.errors import Invalid
from geartrain.kernel.records import ColumnKind
from geartrain.sample import PEOPLE, TODAY, write_sample


def test_same_seed_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_sample(tmp_path / name, sellers=6, years=1, seed=seed)
    names = [f.name for f in (tmp_path / "a").iterdir()]
    assert len(names) == len(record_types()) + 1
    assert filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", names, shallow=False) == (sorted(names), [], []) or (
        set(filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", names, shallow=False)[0]) == set(names)
    )
    differ = set(filecmp.cmpfiles(tmp_path / "a", tmp_path / "c", names, shallow=False)[1])
    assert differ == set(names) - {"product.csv"}


def test_every_record_type_has_exactly_its_columns(sample):
    for name, kind in record_types().items():
        columns = [row[0] for row in sample.all(f'describe "{name}"')]
        assert columns == [c.name for c in kind.columns]
        (rows,) = sample.one(f'select count(*) from "{name}"')
        assert rows == sample.summary.rows[name]


@pytest.mark.parametrize("name", sorted(record_types()))
def test_every_column_is_filled_somewhere_and_required_ones_everywhere(sample, name):
    kind = record_types()[name]
    counts = ", ".join(f'count("{c.name}")' for c in kind.columns)
    found = sample.one(f'select count(*), {counts} from "{name}"')
    for column, filled in zip(kind.columns, found[1:], strict=True):
        assert filled == found[0] if column.required else filled > 0, column.name


@pytest.mark.parametrize("name", sorted(record_types()))
def test_every_cell_reads_as_its_kind_but_for_the_broken_ones(sample, name):
    as_sql = {
        ColumnKind.integer: "bigint",
        ColumnKind.number: "decimal(38, 9)",
        ColumnKind.money: "decimal(38, 4)",
        ColumnKind.flag: "boolean",
        ColumnKind.day: "date",
        ColumnKind.instant: "timestamp",
    }
    broken = set()
    for column in record_types()[name].columns:
        if column.kind in as_sql:
            cell = f"try_cast({column.name} as {as_sql[column.kind]})"
            broken |= {
                v
                for (v,) in sample.all(
                    f"select {column.name} from \"{name}\" where {column.name} <> '' and {cell} is null"
                )
            }
    assert broken == {i.value for i in sample.summary.issues if i.code == "unreadable_value" and i.type == name}


@pytest.mark.parametrize("name", sorted(record_types()))
def test_choices_and_bounds_hold(sample, name):
    for column in record_types()[name].columns:
        if column.choices:
            allowed = ", ".join(f"'{c}'" for c in column.choices)
            assert sample.all(f'select * from "{name}" where {column.name} not in ({allowed})') == []
        number = f"try_cast({column.name} as decimal(38, 9))"
        if column.low is not None:
            assert sample.all(f'select * from "{name}" where {number} < {column.low}') == []
        if column.high is not None:
            assert sample.all(f'select * from "{name}" where {number} > {column.high}') == []


@pytest.mark.parametrize("name", sorted(record_types()))
def test_keys_are_unique_but_for_the_rows_exported_twice(sample, name):
    key = ", ".join(record_types()[name].key)
    (again,) = sample.one(f'select count(*) - count(distinct ({key})) from "{name}"')
    assert again == len(
        {k for i in sample.summary.issues if i.code == "duplicate_row" and i.type == name for k in i.keys}
    )


@pytest.mark.parametrize("name", sorted(record_types()))
def test_references_point_somewhere_but_for_the_planted_ones(sample, name):
    planted = {(i.field, i.value) for i in sample.summary.issues if i.type == name and i.code == "unknown_reference"}
    found = set()
    for column, target in record_types()[name].references.items():
        key = record_types()[target].key[0]
        missing = sample.all(
            f'select distinct {column} from "{name}" where {column} is not null'
            f' and {column} not in (select {key} from "{target}")'
        )
        found |= {(column, value) for (value,) in missing}
    assert found == planted


def test_nothing_happens_outside_the_history(sample):
    first, last = sample.summary.first, sample.summary.last
    assert (first, last) == (date(2023, 7, 1), TODAY)
    for name in ("lead", "opportunity", "opportunity_change", "touch", "tool_use", "time_entry", "invoice", "quote"):
        happened = record_types()[name].happened
        (latest,) = sample.one(f'select max(try_cast({happened} as timestamp))::date from "{name}"')
        assert latest <= last, name
    assert sample.one("select min(ended)::date, max(ended)::date from deal")[0] >= first


def test_the_people_of_the_demo_are_records(sample):
    for person in PEOPLE:
        found = sample.one(f"select email, name, is_active from \"user\" where user_id = '{person.user_id}'")
        assert found == (person.email, person.name, "true")
    ann, bob, cleo = (next(p for p in PEOPLE if p.name.startswith(n)) for n in ("Ann", "Bob", "Cleo"))
    regions = dict(sample.all('select user_id, region from "user"'))
    managers = dict(sample.all('select user_id, manager_id from "user"'))
    assert managers[ann.user_id] == bob.user_id
    assert regions[cleo.user_id] != regions[ann.user_id] == regions[bob.user_id]
    assert managers[cleo.user_id] != bob.user_id
    eve = sample.one("select is_active, end_date from \"user\" where name like 'Eve %' and email like 'eve@%'")
    assert eve == ("false", "2026-03-13")


def test_parquet_holds_what_csv_holds(tmp_path):
    write_sample(tmp_path, sellers=6, years=1, seed=3, format="parquet")
    touches = pq.read_table(tmp_path / "touch.parquet")
    assert touches.schema.field("occurred_at").type.tz == "UTC"
    assert touches.num_rows > 1_000
    assert (tmp_path / "opportunity.csv").exists()  # it holds cells that only text can hold


@pytest.mark.parametrize("wrong", [{"sellers": 5}, {"years": 0}, {"format": "xlsx"}, {"seed": -1}])
def test_what_cannot_be_simulated_is_refused(tmp_path, wrong):
    with pytest.raises(Invalid):
        write_sample(tmp_path, **wrong)
    assert list(tmp_path.iterdir()) == []


def test_the_last_day_is_an_argument(tmp_path):
    summary = write_sample(tmp_path, sellers=6, years=1, today=date(2031, 2, 10))
    assert (summary.first, summary.last) == (date(2030, 1, 1), date(2031, 2, 10))
    assert "2031-02-1" in (tmp_path / "opportunity_change.csv").read_text()
