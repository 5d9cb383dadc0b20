"""The history that a source keeps of its deals comes with a live load: who asks as of a day sees what held then."""

import pytest

from geartrain.services.access import operator
from geartrain.services.records.live import load_live
from geartrain.stores.intake.spool import Spool
from tests.services.records.test_live import AMOUNT, STAGE, Live, later
from tests.stores.crm.servers import HANDLERS, Fault, Served, environment

OWNER = {"salesforce": "OwnerId", "hubspot": "hubspot_owner_id"}
CLOSE = {"salesforce": "CloseDate", "hubspot": "closedate"}
WON, WON_SHOWN = {"salesforce": "Closed Won", "hubspot": "won"}, {"salesforce": "Closed Won", "hubspot": "Won"}
OPEN = {"salesforce": "Prospecting", "hubspot": "Open"}


@pytest.fixture(params=sorted(HANDLERS))
def live(request, embedded, monkeypatch):
    served = Served(HANDLERS[request.param])
    for name, value in environment(request.param, served.url).items():
        monkeypatch.setenv(name, value)
    served.world.history = True
    made = Live(embedded, request.param, served)
    for n in range(3):
        made.put(f"{n + 1}", **{CLOSE[made.system]: "2026-03-31", OWNER[made.system]: "005A"})
    yield made
    served.close()


def changes(live, *fields):
    """(deal, field, old, new, derived), in order."""
    with live.ws.warehouse.snapshot() as s:
        table = s.table("opportunity_change")
        rows = s.execute(table.order_by(["changed_at", "opportunity_id", "field"])).to_pylist()
    rows = [r for r in rows if not fields or r["field"] in fields]
    return [(r["opportunity_id"], r["field"], r["old_value"], r["new_value"], bool(r["derived"])) for r in rows]


def edit(live, id, **values):
    names = {"stage": STAGE, "amount": AMOUNT, "close_date": CLOSE, "owner_id": OWNER}
    live.world.put(live.object, id, **{names[k][live.system]: v for k, v in values.items()})


def test_the_past_before_the_first_load_comes_along(live):
    edit(live, "1", amount=250)
    edit(live, "1", stage=WON[live.system])
    live.load()
    found = [c for c in changes(live) if c[2] is not None]
    assert [(i, f, n) for i, f, _, n, _ in found] == [("1", "amount", "250"), ("1", "stage", WON_SHOWN[live.system])]
    assert found[1] == ("1", "stage", OPEN[live.system], WON_SHOWN[live.system], False)


def test_the_next_load_brings_what_changed_since_with_what_was_before(live):
    live.load()
    first = changes(live)
    for day in ("2026-04-30", "2026-05-31"):
        later(live)
        edit(live, "2", close_date=day)
    edit(live, "3", owner_id="005B")
    live.load()
    new = [c for c in changes(live) if c not in first]
    assert [c[:2] for c in new] == [("2", "close_date"), ("2", "close_date"), ("3", "owner_id")]
    assert [(c[2][:10], c[3][:10]) for c in new[:2]] == [("2026-03-31", "2026-04-30"), ("2026-04-30", "2026-05-31")]
    assert new[2][2:] == ("005A", "005B", False)
    # What the overlap brings again is known, and nothing is compared with the load before a second time.
    before = changes(live)
    edit(live, "1", amount=7)
    live.load()
    assert [c for c in changes(live) if c not in before] == [("1", "amount", "100", "7", False)]
    assert live.load().load_id == ""


def test_a_field_without_history_is_compared_with_the_load_before(live):
    live.load()
    later(live)
    if live.system == "hubspot":
        live.world.history = False
        live.world.log.clear()
        live.load(full=True)
    names = {"salesforce": "ForecastCategoryName", "hubspot": "hs_next_step"}
    live.put("1", **{names[live.system]: "Commit"})
    live.load()
    derived = [c for c in changes(live) if c[4]]
    assert derived == ([("1", "forecast_category", None, "Commit", True)] if live.system == "salesforce" else [])


def test_a_deal_that_is_deleted_leaves_its_history(live):
    edit(live, "2", amount=5)
    live.load()
    before = changes(live)
    later(live)
    live.world.put(live.object, "2", IsDeleted=True)
    live.load()
    assert changes(live) == before
    assert "2" not in live.deals()


@pytest.mark.parametrize("page", range(1, 6))
def test_a_fetch_that_is_broken_off_anywhere_loses_and_doubles_nothing(live, page):
    live.load()
    first, real, pages = changes(live), Spool.add, []
    later(live)
    for n in range(3):
        edit(live, f"{n + 1}", amount=n)
        edit(live, f"{n + 1}", stage=WON[live.system])

    def broken(self, table, rows, position, *, done):
        if len(pages) == page:
            raise KeyboardInterrupt
        real(self, table, rows, position, done=done)
        pages.append(table)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "add", broken)
        with pytest.raises(KeyboardInterrupt):
            live.load()
    assert changes(live) == first
    live.world.faults = [Fault("read", "limit"), Fault("read", "cut")]
    live.load()
    new = [c for c in changes(live) if c not in first]
    assert sorted(c[:2] for c in new) == sorted((f"{n + 1}", f) for n in range(3) for f in ("amount", "stage"))


def test_a_long_history_that_is_told_in_part_overwrites_nothing(live):
    for n in range(25):
        edit(live, "1", amount=1000 + n)
    live.load()
    known = {c for c in changes(live, "amount") if c[0] == "1"}
    later(live)
    edit(live, "1", amount=1)
    live.load()
    after = {c for c in changes(live, "amount") if c[0] == "1"}
    assert known < after
    assert {(c[2], c[3]) for c in after - known} == {("1024", "1")}


def test_an_expired_token_is_asked_for_again_in_the_middle(live, monkeypatch):
    prefix = f"GEARTRAIN_{live.system.upper()}"
    monkeypatch.delenv(f"{prefix}_TOKEN")
    for name, value in (("CLIENT_ID", "app"), ("CLIENT_SECRET", "secret-of-the-app"), ("REFRESH_TOKEN", "r")):
        monkeypatch.setenv(f"{prefix}_{name}", value)
    live.world.faults = [Fault("read", ""), Fault("read", "expired"), Fault("read", ""), Fault("read", "expired")]
    load_live(live.ws, operator(), source=live.system, pause=live.pauses.append)
    assert len(live.deals()) == 3
    assert live.world.minted >= 3
