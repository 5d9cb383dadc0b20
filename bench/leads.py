"""Leads: a webhook that routes one in under 50 ms, 200 a second without one lost or double, a year's clocks in 5 s."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from secrets import token_urlsafe

import httpx
import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from bench.harness import Result, served
from geartrain.facts import record_type
from geartrain.services.access import Permission, Role, operator
from geartrain.services.people import actor_of, create_token, create_user
from geartrain.services.selling.leads import list_sla, policy_for_leads
from geartrain.services.selling.routing import list_routed, replay_routing
from geartrain.services.workspace import Workspace, init_workspace
from geartrain.stores.warehouse.base import LoadEntry

ROUTED, HANDS, STEADY, YEAR = 2_000, 8, 150, 100_000
HOOK = "hook@example.com"
BEGAN = datetime.fromisoformat("2025-01-01T00:00:00")
POLICY = """\
kind: lead_policy
key: default
name: Leads
owner: revops
definition: Who gets them, and how soon they must be in touch.
spec:
  routing:
    clauses:
      - {key: account, to: account_owner}
      - {key: named, to: named_account, when: "country = 'US'"}
      - {key: pool, to: pool, pool: inbound}
    pools:
      - key: inbound
        members: [{user: U0000, weight: 2, cap: 100000}, {user: U0001}, {user: U0002}, {user: U0003}]
"""


def run() -> Iterator[Result]:
    """The webhook one after the other, then from many hands, then the clocks."""
    with tempfile.TemporaryDirectory() as made:
        ws = init_workspace(Path(made) / "ws")
        (ws.policies / "leads.yaml").write_text(POLICY)
        _year(ws)
        create_user(ws, operator(), email=HOOK, password=token_urlsafe(24), roles=[Role.revops])
        key, _ = create_token(ws, actor_of(ws, HOOK), name="bench", permissions=[Permission.load_facts])
        headers = {"Authorization": f"Bearer {key}"}
        with served(ws.path) as address:
            yield _one_by_one(address, headers)
            yield _from_many_hands(ws, address, headers)
        yield _clocks(ws)


def _one_by_one(address: str, headers: dict[str, str]) -> Result:
    with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
        _send(client, "warm")
        times = [_send(client, f"S{n}") for n in range(STEADY)]
    p95 = statistics.quantiles(times, n=20)[-1]
    note = f"median {statistics.median(times) * 1000:.1f} ms; load average {os.getloadavg()[0]:.1f}"
    return Result("leads: webhook p95", f"{STEADY} one by one", p95, None, 0.05, note)


def _from_many_hands(ws: Workspace, address: str, headers: dict[str, str]) -> Result:
    """Every tenth is sent twice."""
    keys = [f"M{n}" for n in range(ROUTED)] + [f"M{n}" for n in range(0, ROUTED, 10)]
    Random(1).shuffle(keys)

    def hand(number: int) -> None:
        with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
            for key in keys[number::HANDS]:
                _send(client, key)

    start = time.perf_counter()
    with ThreadPoolExecutor(HANDS) as pool:
        list(pool.map(hand, range(HANDS)))
    seconds = time.perf_counter() - start
    log = [d["lead_id"] for d in list_routed(ws, operator(), limit=1_000_000) if d["lead_id"].startswith("M")]
    twice, (count, differ) = max(Counter(log).values()), replay_routing(ws, operator())
    if twice > 1 or len(log) != ROUTED or differ:
        raise RuntimeError(f"{len(log)} of {ROUTED} leads are in the log, {twice} times; {len(differ)} replay apart.")
    note = f"{len(keys) / seconds:.0f} a second; {count:,} replayed alike; none lost, none double"
    return Result("leads: each of 200 a second", f"{ROUTED:,} by {HANDS} hands", seconds / len(keys), None, 0.005, note)


def _send(client: httpx.Client, key: str) -> float:
    lead = {"lead_id": key, "email": f"{key}@example.com", "company": key, "country": "US", "source": "web"}
    start = time.perf_counter()
    client.post("/api/v1/leads/route", json=lead).raise_for_status()
    return time.perf_counter() - start


def _clocks(ws: Workspace) -> Result:
    policy = policy_for_leads(ws)
    start = time.perf_counter()
    found = list_sla(ws, operator(), policy=policy)
    seconds = time.perf_counter() - start
    note = f"by owner; {found.whole.met:,} met, {found.whole.breached:,} late, {found.whole.passed:,} handed on in time"
    return Result("leads: clocks of a year", f"{found.leads:,} leads", seconds, None, 5.0, note)


def _year(ws: Workspace) -> None:
    """A year of leads of sixty owners, each called once, one in ten handed on."""
    random, people = Random(7), [f"U{n:04d}" for n in range(60)]
    zones = ("America/New_York", "Europe/Berlin", "Asia/Tokyo")
    users = [{"user_id": u, "name": u, "is_active": True, "time_zone": zones[n % 3]} for n, u in enumerate(people)]
    leads, calls, again = [], [], []
    for n in range(YEAR):
        born = BEGAN + timedelta(seconds=n * 31_500_000 / YEAR)
        own = {"lead_id": f"Y{n}", "created_at": born, "assigned_at": born + timedelta(minutes=random.expovariate(0.2))}
        leads.append(own | {"owner_id": random.choice(people)})
        if n % 10 == 0:
            later = own["assigned_at"] + timedelta(hours=random.expovariate(0.2))
            again.append(own | {"owner_id": random.choice(people), "assigned_at": later})
        at = born + timedelta(hours=random.expovariate(0.3))
        calls.append({"touch_id": f"T{n}", "lead_id": f"Y{n}", "occurred_at": at, "kind": "call", "function": "sales"})
    _load(ws, {"user": users, "lead": leads, "touch": calls}, at=BEGAN + timedelta(days=366))
    _load(ws, {"lead": again}, at=BEGAN + timedelta(days=367))


def _load(ws: Workspace, rows: dict[str, list[dict[str, object]]], *, at: datetime) -> None:
    with ws.warehouse.write(source="bench", recorded_at=at) as writer:
        for name, found in rows.items():
            declared, file = record_type(name), ws.data / f"{name}.parquet"
            schema = {c.name: c.ibis_type for c in declared.columns} | {"extra": "string"}
            pq.write_table(pa.Table.from_pylist(found, schema=ibis.schema(schema).to_pyarrow()), file)
            writer.append(declared, file)
            file.unlink()
        writer.commit(LoadEntry(writer.load_id, "bench", at, {}))
