"""Live loads from sources on a local port: what changed, once, whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services.access import operator
from geartrain.services.records.live import load_live, watermarks
from geartrain.services.records.loads import list_loads
from geartrain.stores.crm.client import Denied, Unreached
from geartrain.stores.intake.spool import Spool
from tests.services.trying import ANN
from tests.stores.crm.servers import HANDLERS, Fault, Served, environment

DEALS = {
    "salesforce": ("Opportunity", {"StageName": "Prospecting", "Amount": 100, "IsClosed": False, "IsWon": False}),
    "hubspot": ("deals", {"dealname": "x", "dealstage": "open", "amount": 100, "hs_lastmodifieddate": None}),
}
AMOUNT, STAGE = {"salesforce": "Amount", "hubspot": "amount"}, {"salesforce": "StageName", "hubspot": "dealstage"}


class Live:
    """A workspace, one source with seven deals, and the shortest way to load it."""

    def __init__(self, ws, system, served):
        self.ws, self.system, self.world, self.pauses = ws, system, served.world, []
        self.object, self.values = DEALS[system]

    def put(self, id, **more):
        self.world.put(self.object, id, **{**self.values, **more})

    def load(self, **what):
        return load_live(self.ws, operator(), source=self.system, pause=self.pauses.append, **what)

    def counts(self, **what):
        c = self.load(**what).counts.get("opportunity")
        return (c.read, c.loaded, c.duplicates) if c else None

    def deals(self, known_as_of=None):
        with self.ws.warehouse.snapshot() as s:
            rows = s.execute(s.table("opportunity", known_as_of=known_as_of).order_by("opportunity_id")).to_pylist()
        return {r["opportunity_id"]: r for r in rows}


@pytest.fixture(params=sorted(HANDLERS))
def live(request, embedded, monkeypatch):
    served = Served(HANDLERS[request.param])
    for name, value in environment(request.param, served.url).items():
        monkeypatch.setenv(name, value)
    made = Live(embedded, request.param, served)
    for n in range(7):
        made.put(f"{n + 1}")
    yield made
    served.close()


def later(live):
    """Beyond the overlap of the load before."""
    live.world.at += timedelta(minutes=30)


def test_all_at_first_then_what_changed_then_nothing(live):
    assert live.counts() == (7, 7, 0)
    assert live.counts() == (7, 0, 7)
    later(live)
    live.put("3", **{AMOUNT[live.system]: 250})
    live.put("8")
    assert live.counts() == (8, 2, 6)  # those of the overlap come again
    live.put("8", **{AMOUNT[live.system]: 1})
    assert live.counts() == (2, 1, 1)
    live.put("8")  # touched and put back: nothing new, but the watermark moves
    assert live.counts() == (2, 1, 1)
    live.put("8")
    assert live.counts() == (2, 0, 2)
    assert str(live.deals()["3"]["amount"]) == "250.0000"
    assert len(live.deals()) == 8
    assert live.load().load_id == ""
    assert len(list_loads(live.ws, operator())) == 5


def test_a_change_between_two_loads_becomes_history(live):
    live.load()
    live.put("2", **{STAGE[live.system]: "won" if live.system == "hubspot" else "Closed Won"})
    live.load()
    with live.ws.warehouse.snapshot() as s:
        (row,) = s.execute(s.table("opportunity_change")).to_pylist()
    assert (row["opportunity_id"], row["field"], row["derived"]) == ("2", "stage", True)
    if live.system == "hubspot":
        assert (live.deals()["2"]["stage"], live.deals()["2"]["is_won"]) == ("Won", True)


def test_deleted_records_leave_and_their_past_stays(live):
    live.load()
    before = live.ws.now()
    later(live)
    live.put("4", IsDeleted=True)
    found = live.load()
    assert "removed" in {i.code for i in found.issues}
    assert "4" not in live.deals()
    assert "4" in live.deals(known_as_of=before)
    assert live.load().load_id == ""
    later(live)
    live.put("4", IsDeleted=False)
    live.load()
    assert "4" in live.deals()
    assert "4" not in live.deals(known_as_of=list_loads(live.ws, operator())[1].recorded_at)


def test_a_fetch_that_broke_goes_on_where_it_stopped(live):
    live.world.page = 3
    live.world.faults = []
    asked = len(live.world.requests)
    real = Spool.add
    pages = []

    def broken(self, table, rows, position, *, done):
        real(self, table, rows, position, done=done)
        pages.append(table)
        if len(pages) == 2:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "add", broken)
        with pytest.raises(KeyboardInterrupt):
            live.load()
    assert live.deals() == {}
    assert len(live.world.requests) > asked
    assert live.counts() == (7, 7, 0)


@pytest.mark.parametrize("kind", ["limit", "cut", "broken", "lost", "unavailable"])
def test_what_a_source_does_wrong_is_asked_again(live, kind):
    live.world.faults = [Fault("read", kind, times=3, retry_after="2")]
    assert live.counts() == (7, 7, 0)
    assert live.pauses[:1] == ([2.0] if kind == "limit" else live.pauses[:1])


def test_a_source_that_stays_away_leaves_the_state_before(live):
    live.load()
    live.put("9")
    live.world.faults = [Fault("read", "broken", times=999)]
    with pytest.raises(Unreached):
        live.load()
    assert len(live.deals()) == 7
    live.world.faults = [Fault("read", "expired")]
    with pytest.raises(Denied):
        live.load()
    live.world.token = "token-1"
    assert live.load().counts["opportunity"].loaded == 1


def test_a_dry_run_keeps_nothing(live):
    assert live.counts(dry_run=True) == (7, 7, 0)
    assert live.deals() == {}
    assert watermarks(live.ws, live.system) == {}


def test_everything_again_where_it_is_asked_for(live):
    live.load()
    later(live)
    live.put("8")
    assert live.counts(full=True) == (8, 1, 7)


def test_who_may_and_what_is_missing(live, monkeypatch):
    with pytest.raises(Forbidden):
        load_live(live.ws, ANN, source=live.system)
    with pytest.raises(NotFound, match="API"):
        load_live(live.ws, operator(), source="folder")
    monkeypatch.delenv(f"GEARTRAIN_{live.system.upper()}_TOKEN")
    with pytest.raises(Invalid, match="GEARTRAIN_"):
        live.load()
    monkeypatch.setenv(f"GEARTRAIN_{live.system.upper()}_TOKEN", "token-1")
    with Spool(live.ws.data / "live" / live.system).held(), pytest.raises(Conflict):
        live.load()


LOADER = """
import sys
from pathlib import Path
from geartrain.services.access import operator
from geartrain.services.records.live import load_live
from geartrain.services.workspace import open_workspace
load_live(open_workspace(Path(sys.argv[1])), operator(), source=sys.argv[2])
"""


def test_a_load_that_is_killed_leaves_the_state_before_and_goes_on(live):
    held = {}

    def kill():
        os.kill(held["process"].pid, signal.SIGKILL)
        held["process"].wait()

    live.world.faults = [Fault("read", ""), Fault("read", ""), Fault("read", "lost", after=kill)]
    env = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    held["process"] = subprocess.Popen([sys.executable, "-c", LOADER, str(live.ws.path), live.system], env=env)
    deadline = time.monotonic() + 60
    while held["process"].poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert held["process"].returncode == -signal.SIGKILL
    assert live.deals() == {}
    assert live.counts() == (7, 7, 0)
