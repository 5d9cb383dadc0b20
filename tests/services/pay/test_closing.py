"""Closing pay periods while everything goes wrong: many at once, a process killed, facts that keep changing."""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from decimal import Decimal

import pytest

from geartrain.kernel.errors import PeriodLocked
from geartrain.services.access import Actor, Role
from geartrain.services.pay.ledger import approve_pay, lock_pay, replay_pay
from geartrain.services.pay.runs import calculate, check_statement, get_statement, run_pay
from geartrain.services.pay.verifying import verify_pay
from geartrain.services.workspace import open_workspace
from tests.incentives.company import USERS, company, won
from tests.incentives.plans import plan_text
from tests.services.trying import at_once, load

FIN = Actor("fin@x", frozenset({Role.finance}))
HEAD = Actor("dan@x", frozenset({Role.head_of_sales}), user_id="dan")
MANY = 50
MONTHS = [f"2026-{n:02d}" for n in range(1, 5)]


def close(ws, period):
    """Whatever is still to do until the period is locked, the late changes of earlier ones posted first."""
    replay_pay(ws, FIN, period=period)
    run = run_pay(ws, FIN, period=period)
    from geartrain.stores.decisions.models import PayApproval

    given = set(PayApproval.objects.filter(manifest=run.manifest).values_list("side", flat=True))
    for side, who in (("sales", HEAD), ("finance", FIN)):
        if side not in given:
            approve_pay(ws, who, period=period, side=side)
    lock_pay(ws, FIN, period=period)


def books(ws):
    """Everything that is kept of pay, without the time and the order it was written at."""
    from geartrain.stores.decisions.models import PayEntry, PayStatement

    entries = Counter(PayEntry.objects.values_list("period__key", "origin", "payee", "kind", "deal", "amount", "cause"))
    return entries, sorted(PayStatement.objects.values_list("period__key", "payee", "body"))


def balanced(ws):
    """No period is half paid: one is locked with its statements and the entries that they add up to, or it is not."""
    from geartrain.stores.decisions.models import PayPeriod

    for row in PayPeriod.objects.all():
        said = [json.loads(b) for b in row.statements.values_list("body", flat=True)]
        entered = sum((e.amount for e in row.entries.all()), Decimal(0))
        assert bool(said) == (row.status == "locked"), row.key
        if row.status == "locked":
            assert entered == sum(Decimal(s["paid"]) for s in said), row.key
            assert [i for s in said for i in check_statement(s)] == []
    assert list(verify_pay(ws)) == []


def test_fifty_at_one_time_close_a_period_once(ws):
    (ws.policies / "plan.yaml").write_text(plan_text())
    load(ws, {"user": USERS, "opportunity": [won(f"D{n}", "ann", "2026-01-10", 1000 + n) for n in range(20)]})
    run = run_pay(ws, FIN, period="2026-01")
    heads = [Actor(f"head{n}@x", frozenset({Role.head_of_sales})) for n in range(MANY // 2)]
    money = [Actor(f"fin{n}@x", frozenset({Role.finance})) for n in range(MANY // 2)]
    # One word of each side counts; the others are told that it was said.
    assert at_once([lambda a=a: approve_pay(ws, a, period="2026-01") for a in heads + money]) == MANY - 2
    locks = [lambda: lock_pay(ws, FIN, period="2026-01") for _ in range(MANY)]
    assert at_once(locks, also=PeriodLocked) == MANY - 1
    assert get_statement(ws, FIN, payee="ann", period="2026-01")["paid"] == str(run.paid)
    balanced(ws)

    load(ws, {"opportunity": [won("D0", "ann", "2026-01-10", 500)]}, at="2027-01-05")
    assert at_once([lambda: replay_pay(ws, FIN, period="2026-02") for _ in range(MANY)]) == 0
    (entry,) = get_statement(ws, FIN, payee="ann", period="2026-02")["adjustments"]
    assert entry["amount"] == "-50.00"
    balanced(ws)


CHILD = """
import os, signal, sys, threading
from pathlib import Path
from geartrain.services.workspace import open_workspace
from tests.services.pay.test_closing import MONTHS, close, status_of
ws = open_workspace(Path(sys.argv[1]))
status_of(ws, MONTHS[0])
threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
for month in MONTHS:
    if status_of(ws, month) != "locked":
        close(ws, month)
os._exit(0)
"""


def status_of(ws, month):
    from geartrain.services.pay.ledger import status_of

    return status_of(ws, month)


def test_killed_at_any_instant_no_period_is_half_paid(tmp_path):
    deals = [won(f"D{n}", "ann", f"2026-0{1 + n % 4}-10", 50_000 + 7 * n) for n in range(24)]
    left, whole = (company(tmp_path / name, opportunity=deals) for name in ("killed", "whole"))
    began = time.monotonic()
    for month in MONTHS:
        close(whole, month)
    length = time.monotonic() - began
    expected, chance, killed = books(whole), random.Random(7), 0
    for _ in range(5):
        delay = str(chance.uniform(0, length))
        done = subprocess.run([sys.executable, "-c", CHILD, str(left.path), delay], capture_output=True, check=False)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
        killed += done.returncode != 0
        balanced(open_workspace(left.path))
    for month in MONTHS:
        if status_of(left, month) != "locked":
            close(left, month)
    assert killed >= 1
    assert books(left) == expected


@pytest.mark.parametrize("seed", [1, 2])
def test_a_thousand_late_events_never_touch_what_was_locked(tmp_path, seed):
    chance = random.Random(seed)
    days = [f"2026-0{m}-{d:02d}" for m in (1, 2, 3) for d in range(1, 28)]
    deals = {f"D{n}": won(f"D{n}", chance.choice(["ann", "abe"]), chance.choice(days), 9_000 + n) for n in range(200)}
    ws = company(tmp_path, opportunity=list(deals.values()))
    for month in MONTHS[:3]:
        close(ws, month)
    locked = books(ws)
    for batch in range(10):
        late = {}
        for _ in range(100):
            key = chance.choice([*deals, f"N{chance.randrange(500)}"])
            late[key] = won(
                key, chance.choice(["ann", "abe", "bob"]), chance.choice(days), chance.randrange(-500, 90_000)
            )
        load(ws, {"opportunity": list(late.values())}, at=f"2027-02-{batch + 1:02d}")
        deals |= late
        replay_pay(ws, FIN, period=MONTHS[3])
        assert replay_pay(ws, FIN, period=MONTHS[3])["adjustments"] == []
        entries, statements = books(ws)
        assert statements == locked[1]
        assert locked[0] <= entries
        balanced(ws)
    assert entries > locked[0]
    # With every adjustment posted the ledger says what one calculation of all the facts as they are now says.
    now = calculate(ws, period=MONTHS[3]).entries
    until = {k: v for k, v in now.items() if k.period in MONTHS[:3]}
    from geartrain.services.pay.ledger import standing

    assert {k: v for k, v in standing(ws).items() if v} == {k: v for k, v in until.items() if v}
