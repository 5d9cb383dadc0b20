"""What the warehouse promises, on every engine."""

from __future__ import annotations

import datetime as dt
from datetime import date, datetime, timedelta
from decimal import Decimal

import ibis
import pytest

from geartrain.facts import record_type, record_types
from geartrain.kernel.errors import Conflict, Invalid
from geartrain.kernel.records import changes_between
from geartrain.stores.warehouse import open_warehouse
from geartrain.stores.warehouse.base import QUARANTINE, Counts, LoadEntry
from tests.engines.rows import FIRST, load, read, stage, write_parquet

BIG = "9999999999999999999999999999999999.9999"
DEAL = {
    "opportunity_id": "o1",
    "name": "Größe \\N \"quoted\", 'x'\nnext line",
    "stage": "Open",
    "amount": "1200.5",
    "created_at": datetime.fromisoformat("2026-01-02T03:04:05.678901"),
    "close_date": date(2026, 3, 31),
    "is_closed": False,
    "is_won": False,
    "loss_reason": "",
    "extra": '{"colour": "red"}',
}
OTHER = DEAL | {"opportunity_id": "o2", "amount": BIG, "close_date": None, "name": None, "extra": None}
WON = DEAL | {"stage": "Won", "is_closed": True, "is_won": True, "amount": "1300"}
BAD = {"type": "opportunity", "file": "o.csv", "line": 7, "column": "amount", "value": "1,2,3", "code": "not_a_number",
       "message": "'1,2,3' is no number.", "hint": "Mend it.", "row": '{"id": "o9"}'}  # fmt: skip


def history(warehouse) -> list[str]:
    """Three loads with a new version, a duplicate, a new record and a rejected row. Returns: the ids of the facts."""
    return [
        load(warehouse, {"opportunity": [DEAL, OTHER]}),
        load(warehouse, {"opportunity": [WON, OTHER]}, day=1, quarantined=[BAD]),
        load(warehouse, {"opportunity": [DEAL | {"opportunity_id": "o3"}], "user": [ANN]}, day=2, source="hr"),
    ]


ANN = {"user_id": "u1", "name": "Ann", "is_active": True, "fte": "0.333333333", "base_salary": "90000"}


def test_gives_back_every_value_as_it_was(warehouse):
    load(warehouse, {"opportunity": [DEAL, OTHER], "user": [ANN]})
    with warehouse.snapshot() as snapshot:
        table = snapshot.execute(snapshot.table("opportunity").order_by("opportunity_id"))
        first, second = table.to_pylist()
        ann = snapshot.execute(snapshot.table("user")).to_pylist()[0]
    assert {k: v for k, v in first.items() if k in DEAL} == DEAL | {"amount": Decimal("1200.5")}
    assert (second["amount"], second["close_date"], second["name"]) == (Decimal(BIG), None, None)
    assert (first["load_source"], first["load_id"], first["recorded_at"], first["derived"]) == (
        "crm", "L000001", FIRST, False)  # fmt: skip
    assert ann["fte"] == Decimal("0.333333333")
    assert table.schema.names == list(record_type("opportunity").schema)
    assert table.schema.field("created_at").type.tz is None


def test_types_never_loaded_are_empty_tables_with_their_columns(warehouse):
    with warehouse.snapshot() as snapshot:
        for name, declared in record_types().items():
            empty = snapshot.execute(snapshot.table(name))
            assert (empty.num_rows, empty.schema.names) == (0, list(declared.schema))
        assert read(snapshot, snapshot.versions("user"), "name") == []
        assert snapshot.execute(snapshot.quarantine()).schema.names == list(QUARANTINE)
        assert snapshot.loads() == []


def test_a_second_load_adds_versions_and_leaves_duplicates(warehouse):
    history(warehouse)
    with warehouse.snapshot() as snapshot:
        now = read(snapshot, snapshot.table("opportunity"), "opportunity_id", "stage", "load_id")
        every = read(snapshot, snapshot.versions("opportunity"), "opportunity_id", "load_id", "stage")
        counts = [e.counts["opportunity"] for e in snapshot.loads()]
    assert now == [("o1", "Won", "L000002"), ("o2", "Open", "L000001"), ("o3", "Open", "L000003")]
    assert every == [("o1", "L000001", "Open"), ("o1", "L000002", "Won"), ("o2", "L000001", "Open"),
                     ("o3", "L000003", "Open")]  # fmt: skip
    assert counts == [Counts(1, 1, 0, 0), Counts(2, 1, 0, 1), Counts(2, 2, 0, 0)]


@pytest.mark.parametrize(
    ("days", "stages"),
    [(-1, {}), (0, {"o1": "Open", "o2": "Open"}), (0.5, {"o1": "Open", "o2": "Open"}), (1, {"o1": "Won", "o2": "Open"}),
     (9, {"o1": "Won", "o2": "Open", "o3": "Open"})],
)  # fmt: skip
def test_reads_what_was_known_at_an_instant(warehouse, days, stages):
    history(warehouse)
    instant = FIRST + timedelta(days)
    with warehouse.snapshot() as snapshot:
        known = read(snapshot, snapshot.table("opportunity", known_as_of=instant), "opportunity_id", "stage")
        zoned = snapshot.table("opportunity", known_as_of=instant.replace(tzinfo=dt.UTC))
        assert read(snapshot, zoned, "opportunity_id", "stage") == known
    assert dict(known) == stages


def test_what_is_removed_was_there_before(warehouse, tmp_path):
    load(warehouse, {"opportunity": [DEAL, OTHER]})
    declared, file = record_type("opportunity"), tmp_path / "gone.parquet"

    def remove(*ids, day):
        with warehouse.write(recorded_at=FIRST + timedelta(day), source="crm") as writer:
            table = writer.before().table("opportunity")
            gone = table.filter(table.opportunity_id.isin(ids)).mutate(load_source=ibis.literal("deleted:crm"))
            count = writer.remove(declared, file) if writer.stage(gone, file) else 0
            writer.commit(LoadEntry(writer.load_id, "crm", FIRST, {}))
        return count

    def there(day=None):
        at = None if day is None else FIRST + timedelta(day)
        with warehouse.snapshot() as snapshot:
            found = read(snapshot, snapshot.table("opportunity", known_as_of=at), "opportunity_id")
        return [key for (key,) in found]

    assert remove("o1", "o7", day=1) == 1
    assert remove("o1", day=2) == 0
    assert (there(), there(0.5), there(1.5)) == (["o2"], ["o1", "o2"], ["o2"])
    load(warehouse, {"opportunity": [DEAL]}, day=3)
    assert (there(), there(0.5), there(2.5)) == (["o1", "o2"], ["o1", "o2"], ["o2"])
    assert remove("o1", "o2", day=4) == 2
    assert (there(), there(3.5)) == ([], ["o1", "o2"])


def test_of_two_loads_of_one_instant_the_later_wins(warehouse):
    load(warehouse, {"opportunity": [DEAL]})
    load(warehouse, {"opportunity": [WON]})
    load(warehouse, {"opportunity": [OTHER]}, day=1)
    with warehouse.snapshot() as snapshot:
        known = snapshot.table("opportunity", known_as_of=FIRST)
        assert read(snapshot, known, "opportunity_id", "stage") == [("o1", "Won")]


def test_the_same_loads_have_the_same_id_on_every_engine(warehouse, tmp_path_factory):
    reference = open_warehouse("", folder=tmp_path_factory.mktemp("reference"))
    reference.migrate()
    with reference.snapshot() as snapshot:
        empty = snapshot.id
    ids = history(reference)
    assert history(warehouse) == ids
    assert len({empty, *ids}) == 4
    # What stores nothing changes no fact.
    assert load(warehouse, {"opportunity": [WON]}, day=3) == ids[-1]
    with warehouse.snapshot() as snapshot:
        assert snapshot.id == ids[-1]
        assert len(snapshot.loads()) == 4
    reference.close()


def test_keeps_rejected_rows_and_the_history(warehouse):
    history(warehouse)
    with warehouse.snapshot() as snapshot:
        rejected = snapshot.execute(snapshot.quarantine()).to_pylist()
        entries = snapshot.loads()
    assert rejected == [{"load_id": "L000002"} | BAD]
    assert [(e.load_id, e.source, e.recorded_at) for e in entries] == [
        ("L000003", "hr", FIRST + timedelta(2)),
        ("L000002", "crm", FIRST + timedelta(1)),
        ("L000001", "crm", FIRST),
    ]


def test_a_load_that_is_not_committed_leaves_no_trace(warehouse, tmp_path):
    ids = history(warehouse)
    with warehouse.write(recorded_at=FIRST + timedelta(5), source="crm") as writer:
        assert writer.append(record_type("opportunity"), stage("opportunity", [DEAL], tmp_path / "o.parquet")) == (1, 0)
    with pytest.raises(ZeroDivisionError):
        fail_in_a_load(warehouse, stage("user", [ANN | {"name": "Anne"}], tmp_path / "u.parquet"))
    with warehouse.snapshot() as snapshot:
        assert snapshot.id == ids[-1]
        assert read(snapshot, snapshot.table("opportunity"), "stage") == [("Open",), ("Open",), ("Won",)]
        assert read(snapshot, snapshot.table("user"), "name") == [("Ann",)]
    with pytest.raises(Conflict, match="has ended"):
        writer.commit(LoadEntry("L000004", "crm", FIRST, {}))


def fail_in_a_load(warehouse, staged):
    with warehouse.write(recorded_at=FIRST + timedelta(5), source="crm") as writer:
        writer.append(record_type("user"), staged)
        raise ZeroDivisionError


def test_an_open_snapshot_does_not_move(warehouse):
    load(warehouse, {"opportunity": [DEAL]})
    with warehouse.snapshot() as before:
        table = before.table("opportunity")
        for day in range(1, 4):
            load(warehouse, {"opportunity": [WON | {"amount": str(day)}], "user": [ANN]}, day=day)
        assert read(before, table, "stage") == [("Open",)]
        assert read(before, before.table("user"), "name") == []
        with warehouse.snapshot() as after:
            assert read(after, after.table("opportunity"), "stage", "amount") == [("Won", Decimal(3))]
        assert before.id != after.id


def test_one_writes_and_the_second_waits_or_is_told(warehouse):
    with warehouse.write(recorded_at=FIRST, source="crm"):
        with (
            pytest.raises(Conflict, match="Another load is running"),
            warehouse.write(recorded_at=FIRST, source="crm", wait_seconds=0.1),
        ):
            raise AssertionError("two writers at once")
        with warehouse.snapshot() as snapshot:
            assert snapshot.loads() == []
    load(warehouse, {"opportunity": [DEAL]})


def test_two_parts_of_one_load_leave_one_version(warehouse, tmp_path):
    load(warehouse, {"opportunity": [DEAL, OTHER]})
    opportunity = record_type("opportunity")
    with warehouse.write(recorded_at=FIRST + timedelta(1), source="crm") as writer:
        assert writer.append(opportunity, stage("opportunity", [WON], tmp_path / "1.parquet")) == (1, 0)
        again = [WON | {"amount": "7"}, OTHER]
        assert writer.append(opportunity, stage("opportunity", again, tmp_path / "2.parquet")) == (1, 1)
        writer.commit(LoadEntry(writer.load_id, "crm", writer.recorded_at, {}))
    with warehouse.snapshot() as snapshot:
        versions = read(snapshot, snapshot.versions("opportunity"), "opportunity_id", "load_id", "amount")
        current = read(snapshot, snapshot.table("opportunity"), "opportunity_id", "amount")
    assert versions == [("o1", "L000001", Decimal("1200.5")), ("o1", "L000002", Decimal(7)),
                        ("o2", "L000001", Decimal(BIG))]  # fmt: skip
    assert current == [("o1", Decimal(7)), ("o2", Decimal(BIG))]
    assert warehouse.verify() == []


def test_two_loads_tell_what_changed_between_them(warehouse, tmp_path):
    load(warehouse, {"opportunity": [DEAL, OTHER]})
    opportunity, change = record_type("opportunity"), record_type("opportunity_change")
    fields = ("stage", "amount", "close_date", "is_won", "owner_id")
    with warehouse.write(recorded_at=FIRST + timedelta(1), source="crm") as writer:
        new = [WON, OTHER | {"close_date": date(2026, 5, 1)}, DEAL | {"opportunity_id": "o3"}]
        writer.append(opportunity, stage("opportunity", new, tmp_path / "o.parquet"))
        before, after = writer.revised("opportunity")
        to = tmp_path / "changes.parquet"
        assert writer.stage(changes_between(before, after, opportunity, fields), to) == 4
        assert writer.append(change, to) == (4, 0)
        writer.commit(LoadEntry(writer.load_id, "crm", writer.recorded_at, {}))
    columns = "opportunity_id", "field", "old_value", "new_value", "changed_at", "derived"
    with warehouse.snapshot() as snapshot:
        changes = read(snapshot, snapshot.table("opportunity_change"), *columns)
    at = FIRST + timedelta(1), True
    assert changes == [
        ("o1", "amount", "1200.5000", "1300.0000", *at),
        ("o1", "is_won", "false", "true", *at),
        ("o1", "stage", "Open", "Won", *at),
        ("o2", "close_date", None, "2026-05-01", *at),
    ]


def test_a_first_load_is_a_history_of_nothing(warehouse, tmp_path):
    opportunity = record_type("opportunity")
    with warehouse.write(recorded_at=FIRST, source="crm") as writer:
        writer.append(opportunity, stage("opportunity", [DEAL], tmp_path / "o.parquet"))
        assert (
            writer.stage(changes_between(*writer.revised("opportunity"), opportunity, ["stage"]), tmp_path / "c") == 0
        )


def test_loads_keep_their_order(warehouse):
    load(warehouse, {"opportunity": [DEAL]}, day=1)
    with pytest.raises(Invalid, match="cannot follow"):
        load(warehouse, {"opportunity": [WON]}, day=0)
    # A clock that is a minute behind is no contradiction.
    load(warehouse, {"opportunity": [WON]}, day=1 - 1 / 1440)
    with warehouse.snapshot() as snapshot:
        assert snapshot.loads()[0].recorded_at == FIRST + timedelta(1)
        assert read(snapshot, snapshot.table("opportunity"), "stage") == [("Won",)]


def test_a_file_without_a_column_is_refused(warehouse, tmp_path):
    path = write_parquet([{"user_id": "u1"}], {"user_id": "string"}, tmp_path / "user.parquet")
    with (
        warehouse.write(recorded_at=FIRST, source="crm") as writer,
        pytest.raises(Invalid, match="lacks the columns name, email"),
    ):
        writer.append(record_type("user"), path)


def test_small_tables_of_the_question_join_those_of_the_warehouse(warehouse):
    history(warehouse)
    with warehouse.snapshot() as snapshot:
        deals = snapshot.table("opportunity")
        names = ibis.memtable({"stage": ["Won", "Open"], "label": ["yes", "not yet"]})
        labelled = deals.join(names, "stage").filter(deals.opportunity_id != "o2")
        counted = labelled.group_by("label").agg(n=labelled.count(), total=labelled.amount.sum())
        rows = snapshot.execute(counted.order_by("label")).to_pylist()
    assert rows == [
        {"label": "not yet", "n": 1, "total": Decimal("1200.5")},
        {"label": "yes", "n": 1, "total": Decimal(1300)},
    ]


def test_migrating_again_changes_nothing(warehouse):
    ids = history(warehouse)
    warehouse.migrate()
    with warehouse.snapshot() as snapshot:
        assert snapshot.id == ids[-1]
    assert warehouse.verify() == []


def test_a_snapshot_survives_a_question_that_fails(warehouse):
    history(warehouse)
    with warehouse.snapshot() as snapshot:
        deals = snapshot.table("opportunity")
        with pytest.raises(Exception, match=r"(?i)red|int|convert|invalid"):
            snapshot.execute(deals.select(n=deals.stage.cast("int64")))
        assert len(read(snapshot, deals, "stage")) == 3


def test_a_snapshot_can_be_closed_twice(warehouse):
    snapshot = warehouse.snapshot()
    snapshot.close()
    snapshot.close()
    load(warehouse, {"opportunity": [DEAL]})
