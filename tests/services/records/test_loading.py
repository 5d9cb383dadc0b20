"""A load is one use case: permitted, whole or not at all, and repeated without effect."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from geartrain.kernel.errors import Forbidden, NotFound
from geartrain.services.access import Actor, Role, operator
from geartrain.services.records.loading import guess_mapping, load_records
from geartrain.services.workspace import init_workspace, open_workspace

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
EXPORT, MAPPING = DATA / "crm-opportunities", ROOT / "docs" / "tutorial" / "crm-opportunities.mapping.yaml"
DEALS = "opportunity_id,stage,amount,created_at,is_closed,is_won\n"


@pytest.fixture
def ws(tmp_path):
    return init_workspace(tmp_path / "ws")


def folder(tmp_path, name, **files):
    made = tmp_path / name
    made.mkdir()
    for stem, content in files.items():
        (made / f"{stem}.csv").write_text(content)
    return made


def facts(ws):
    """The id of what is stored."""
    with ws.warehouse.snapshot() as snapshot:
        return snapshot.id


def test_the_real_export_loads_whole_and_a_second_time_changes_nothing(ws):
    first = load_records(ws, operator(), location=EXPORT, mapping=MAPPING)
    assert {n: (c.read, c.loaded) for n, c in first.counts.items()} == {
        "user": (41, 41),
        "account": (85, 85),
        "product": (7, 7),
        "opportunity": (8_800, 8_800),
    }
    with ws.warehouse.snapshot() as snapshot:
        deals = snapshot.table("opportunity")
        assert numbers(snapshot, deals) == (4_238, 2_473, Decimal("10005534"), 1_480, 1_425, 500)
        before = snapshot.id
    again = load_records(ws, operator(), location=EXPORT, mapping=MAPPING)
    assert {n: c.duplicates for n, c in again.counts.items()} == {n: c.read for n, c in first.counts.items()}
    assert (again.load_id, facts(ws)) == ("", before)
    assert "nothing_new" in [i.code for i in again.issues]


def numbers(snapshot, deals):
    """Won, lost, bookings, deals of GTXPro, open ones without an account, those that do not say when they began."""
    told = deals.aggregate(
        won=deals.is_won.sum(),
        lost=(deals.is_closed & ~deals.is_won).sum(),
        bookings=deals.amount.sum(where=deals.is_won),
        unmatched=(deals.product_id == "GTXPro").sum(),
        orphans=(~deals.is_closed & deals.account_id.isnull()).sum(),
        unbegun=deals.created_at.isnull().sum(),
    )
    return tuple(snapshot.execute(told).to_pylist()[0].values())


def test_the_guessed_mapping_of_the_real_export_loads_the_same(ws, tmp_path):
    text, issues = guess_mapping(EXPORT)
    (tmp_path / "guess.yaml").write_text(text)
    assert [i.where for i in issues] == ["data_dictionary.csv"]
    done = load_records(ws, operator(), location=EXPORT, mapping=tmp_path / "guess.yaml")
    assert sum(c.quarantined for c in done.counts.values()) == 0
    with ws.warehouse.snapshot() as snapshot:
        assert numbers(snapshot, snapshot.table("opportunity"))[:5] == (4_238, 2_473, Decimal("10005534"), 1_480, 1_425)


def test_answers_in_the_shape_that_commands_and_routes_print(ws, tmp_path):
    location = folder(tmp_path, "in", user="user_id,name,is_active\nU1,Ann,yes\nU1,Ann,yes\nU2,,yes\n")
    told = load_records(ws, operator(), location=location).as_json()
    assert told["types"] == {"user": {"read": 3, "loaded": 1, "quarantined": 1, "duplicates": 1}}
    assert (told["load_id"], told["source"]) == ("L000001", "folder")
    assert [set(i) for i in told["issues"]] == [{"code", "level", "message", "where", "hint"}]
    assert told["issues"][0]["where"] == "user.csv:4:name"


def test_a_folder_with_bad_rows_loaded_again_changes_nothing(ws, tmp_path):
    location = folder(tmp_path, "in", user="user_id,name,is_active\nU1,Ann,yes\nU2,,yes\n")
    load_records(ws, operator(), location=location)
    before = facts(ws)
    assert load_records(ws, operator(), location=location).load_id == ""
    assert facts(ws) == before


def test_a_dry_run_tells_everything_and_keeps_nothing(ws, tmp_path):
    location = folder(tmp_path, "in", user="user_id,name,is_active\nU1,Ann,yes\n")
    before = facts(ws)
    told = load_records(ws, operator(), location=location, dry_run=True)
    assert (told.counts["user"].loaded, told.load_id, facts(ws)) == (1, "", before)


def test_what_changes_between_two_loads_becomes_history(ws, tmp_path):
    one = folder(tmp_path, "one", opportunity=DEALS + "O1,Open,10,2024-01-01,no,no\nO2,Open,5,2024-01-01,no,no\n")
    two = folder(tmp_path, "two", opportunity=DEALS + "O1,Won,12,2024-01-01,yes,yes\nO2,Open,5,2024-01-01,no,no\n")
    load_records(ws, operator(), location=one, known_at=datetime(2024, 1, 5))
    load_records(ws, operator(), location=two, known_at=datetime(2024, 2, 5))
    with ws.warehouse.snapshot() as snapshot:
        rows = snapshot.execute(snapshot.table("opportunity_change")).to_pylist()
    assert sorted((r["opportunity_id"], r["field"], r["old_value"][:4], r["new_value"][:4]) for r in rows) == [
        ("O1", "amount", "10.0", "12.0"),
        ("O1", "stage", "Open", "Won"),
    ]
    assert {(r["derived"], r["changed_at"]) for r in rows} == {(True, datetime(2024, 2, 5))}


def test_who_may_not_load_and_what_is_not_there_are_refused(ws, tmp_path):
    with pytest.raises(Forbidden):
        load_records(ws, Actor("ann", frozenset({Role.seller})), location=tmp_path)
    with pytest.raises(NotFound):
        load_records(ws, operator(), location=tmp_path / "nowhere")
    with pytest.raises(NotFound):
        load_records(ws, operator(), location=tmp_path, source="fax")
    with pytest.raises(NotFound):
        guess_mapping(tmp_path / "nowhere")


LOAD = """
import sys
from pathlib import Path
from geartrain.services.access import operator
from geartrain.services.records.loading import load_records
from geartrain.services.workspace import open_workspace
print("ready", flush=True)
load_records(open_workspace(Path(sys.argv[1])), operator(), location=sys.argv[2])
"""


def test_killed_at_any_instant_a_load_leaves_the_state_before_or_after(ws, tmp_path):
    lines = "".join(f"O{n},Open,{{0}},2024-01-01,no,no\n" for n in range(20_000))
    dice = random.Random(1)
    load_records(ws, operator(), location=folder(tmp_path, "first", opportunity=DEALS + lines.replace("{0}", "1")))
    held, killed = [1], 0
    took = 1.5
    for amount in range(2, 22):
        location = folder(tmp_path, f"load{amount}", opportunity=DEALS + lines.replace("{0}", str(amount)))
        began, survived = killed_load(ws.path, location, dice.uniform(0, took))
        killed += not survived
        with open_workspace(ws.path).warehouse.snapshot() as snapshot:
            deals = snapshot.table("opportunity")
            told = deals.aggregate(low=deals.amount.min(), high=deals.amount.max(), n=deals.count())
            low, high, count = snapshot.execute(told).to_pylist()[0].values()
        assert low == high
        assert count == 20_000
        assert low in (held[-1], amount)
        held.append(int(low))
        took = began if survived else took
    assert killed >= 5
    assert open_workspace(ws.path).warehouse.verify() == []


def killed_load(path, location, after):
    """(seconds it took, whether it ended by itself)"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", LOAD, str(path), str(location)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()
    began = time.monotonic()
    try:
        process.wait(timeout=after)
        return time.monotonic() - began, True
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return after, False
