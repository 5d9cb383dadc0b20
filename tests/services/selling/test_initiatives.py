"""Initiatives from the register: proposed, in force, read by their metric, and what waits too long."""

from datetime import date
from decimal import Decimal

import pytest

from geartrain.kernel.errors import Invalid
from geartrain.services.governance import approve_policy, propose_policy, publish_policy
from geartrain.services.selling.initiatives import list_initiatives
from tests.services.trying import deal, load

DAY = date(2026, 5, 4)
TEXT = """kind: initiative
key: better
name: Better
owner: head-of-revops
definition: More of what we begin is won.
spec:
  problem: Half is lost.
  metric: {metric}
  target: 0.75
  begin: 2026-01-05
  go_live: 2026-03-02
  read_after_weeks: 4
"""


@pytest.fixture
def sold(ws, cast, clock):
    before = [deal(f"B{n}", "ann", "2026-02-10T12:00:00", 100, won=n < 2) for n in range(4)]
    after = [deal(f"A{n}", "ann", "2026-03-10T12:00:00", 100, won=n < 3) for n in range(4)]
    load(ws, {"opportunity": [*before, *after]}, at="2026-04-30")
    clock.on("2026-05-04T09:00:00")
    return ws


def test_is_proposed_then_read_by_its_metric(sold, cast, clock):
    name = {"kind": "initiative", "key": "better"}
    propose_policy(sold, cast["rita"], text=TEXT.format(metric="win_rate"))
    (found,) = list_initiatives(sold, cast["rolf"], as_of=DAY).initiatives
    assert (found.stage, found.overdue) == ("proposed", False)
    assert (found.decide_by - found.waits_since).days == 14
    clock.on("2026-05-19T09:00:00")
    assert list_initiatives(sold, cast["rolf"], as_of=DAY).initiatives[0].overdue

    approve_policy(sold, cast["fay"], **name)
    publish_policy(sold, cast["rita"], **name)
    (found,) = list_initiatives(sold, cast["rolf"], as_of=DAY).initiatives
    assert (found.stage, found.waits_since) == ("verified", None)
    assert (found.reading.baseline, found.reading.value) == (Decimal("0.5"), Decimal("0.75"))
    assert list_initiatives(sold, cast["rolf"], as_of=DAY, stage="missed").initiatives == ()
    with pytest.raises(Invalid, match="no stage"):
        list_initiatives(sold, cast["rolf"], as_of=DAY, stage="done")


def test_a_metric_that_there_is_not_is_told(sold, cast):
    (sold.policies / "i.yaml").write_text(TEXT.format(metric="luck"))
    found = list_initiatives(sold, cast["rolf"], as_of=DAY)
    assert [i.code for i in found.issues] == ["initiative_metric_unknown"]
    assert found.initiatives[0].stage == "missed"
