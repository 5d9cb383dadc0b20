"""A small company to try changes on: Ann sells for Bob, Cleo is elsewhere."""

import threading
from datetime import datetime

import pyarrow.parquet as pq

from geartrain.facts import record_type
from geartrain.kernel.errors import Conflict
from geartrain.kernel.measure.examples import arrow_rows
from geartrain.kernel.periods import FiscalCalendar
from geartrain.services.access import Actor, Role
from geartrain.services.workspace import init_workspace
from geartrain.stores.warehouse.base import LoadEntry

BOB = Actor("bob@x", frozenset({Role.manager}), user_id="bob")
OPS = Actor("ops@x", frozenset({Role.revops}))
ANN = Actor("ann@x", frozenset({Role.seller}), user_id="ann")

BOOKINGS = """\
kind: metric
key: bookings
name: Bookings
class: impact
type: value
function: sales
owner: head-of-sales
direction: up
unit: money
spec:
  from: opportunity
  at: closed_at
  value: {agg: sum, of: amount, where: "is_won and type = 'new'"}
goals: [grow-new-business]
definition: New business only.
"""
GOALS = """\
kind: corporate_goals
key: default
name: Goals
owner: head-of-sales
definition: What we want.
spec:
  goals:
    - {key: grow-new-business, name: Grow, owner: head-of-sales, metric: bookings, values: {2026: 2000}}
"""
QUALITY = """\
kind: data_quality
key: default
name: Data quality
owner: head-of-revops
definition: What holds.
spec:
  weights: {completeness: 1}
  rules:
    - {key: has_type, type: opportunity, field: type, dimension: completeness, check: type is not null, message: m}
    - key: worth
      type: opportunity
      field: amount
      dimension: completeness
      applies_when: is_won
      check: amount > %s
      message: m
"""


def deal(key, owner, closed, amount, *, type="new", won=True, created="2026-01-05"):
    return {
        "opportunity_id": key,
        "owner_id": owner,
        "type": type,
        "stage": "Won" if won else "Lost",
        "created_at": created,
        "closed_at": closed,
        "is_closed": True,
        "is_won": won,
        "amount": amount,
        "currency": "USD",
    }


FACTS = {
    "user": [
        {"user_id": "ann", "name": "Ann", "manager_id": "bob", "is_active": True},
        {"user_id": "bob", "name": "Bob", "is_active": True},
        {"user_id": "cleo", "name": "Cleo", "is_active": True},
    ],
    "opportunity": [
        deal("o1", "ann", "2026-04-01", 100),
        deal("o2", "ann", "2026-05-01", 200, type="renewal"),
        deal("o3", "ann", "2026-06-30T23:59:59", 50, type=None),
        deal("o4", "ann", "2026-07-01", 400, type="renewal"),
        deal("o5", "cleo", "2026-06-01", 700, type="renewal"),
        deal("o6", "ann", "2026-05-05", None, type="renewal"),
        deal("o7", "ann", "2026-05-06", 30, won=False, created="2026-04-15"),
    ],
}


def load(ws, rows, *, at="2026-12-31"):
    """One load of some rows, known from that day."""
    when = datetime.fromisoformat(at)
    with ws.warehouse.write(source="test", recorded_at=when) as writer:
        for name, found in rows.items():
            staged = ws.data / f"{name}-{at}.parquet"
            pq.write_table(arrow_rows(record_type(name), found, FiscalCalendar()), staged)
            writer.append(record_type(name), staged)
            staged.unlink()
        writer.commit(LoadEntry(writer.load_id, "test", when, {}))


def workspace(folder):
    """The company's workspace."""
    ws = init_workspace(folder / "ws")
    (ws.policies / "goals.yaml").write_text(GOALS)
    load(ws, FACTS, at="2026-01-01")
    return ws


def at_once(deeds, *, also=Conflict):
    """Run them at one time; what was refused by a Conflict, or by `also`, is counted, anything else is a failure."""
    from django.db import connections

    start, failures, refused = threading.Barrier(len(deeds)), [], []

    def work(deed):
        try:
            start.wait()
            deed()
        except (Conflict, also) as error:
            refused.append(error)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(d,)) for d in deeds]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []
    return len(refused)
