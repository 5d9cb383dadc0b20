"""The demo's pay: a quarter locked, a late change adjusted, plans sent, disputes, a contest awarded."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from geartrain.kernel.periods import Grain, add_months
from geartrain.sample import PEOPLE
from geartrain.services.access import Actor, operator
from geartrain.services.pay.contests import award_contest, list_awards, list_contests
from geartrain.services.pay.disputes import list_disputes, open_dispute, reject_dispute, triage_dispute
from geartrain.services.pay.ledger import approve_pay, lock_pay, locked_statements, replay_pay, status_of
from geartrain.services.pay.runs import run_pay
from geartrain.services.pay.signing import accept_plan, list_signatures, my_letters, send_plan
from geartrain.services.people import actor_of
from geartrain.services.records.loading import load_records
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

Progress = Callable[..., None]
People = Mapping[str, Actor]
LATE = "late"  # folder of the correction that comes in after the quarter is locked


def pay_quarter(ws: Workspace, progress: Progress) -> None:
    """Pay the last whole quarter to locked statements, then what happens after; what is done is not done again."""
    by = {person.name.split()[0].lower(): actor_of(ws, person.email) for person in PEOPLE}
    end = ws.calendar.containing(last_day(ws, by["hal"]), Grain.quarter).start
    months = [add_months(end, -n) for n in (3, 2, 1)]
    _send(ws, by)
    for n, month in enumerate(months):
        _lock(ws, by, f"{month:%Y-%m}")
        progress("Paying the quarter", n + 1, len(months))
    progress("After the quarter", 0, 3)
    _late_change(ws, by, months, into=f"{end:%Y-%m}")
    progress("After the quarter", 1, 3)
    _dispute(ws, by, months)
    progress("After the quarter", 2, 3)
    _award(ws, by, into=f"{end:%Y-%m}")
    progress("After the quarter", 3, 3)


def _lock(ws: Workspace, by: People, period: str) -> None:
    """Two people approve, one locks."""
    if status_of(ws, period) != "locked":
        run_pay(ws, by["hal"], period=period)
        approve_pay(ws, by["frank"], period=period)
        approve_pay(ws, by["hal"], period=period)
        lock_pay(ws, by["hal"], period=period)


def _send(ws: Workspace, by: People) -> None:
    """Everybody is sent their plan; Cleo and Bob accept theirs, Ann has still to."""
    if any(s["state"] != "not sent" for s in list_signatures(ws, by["grace"])):
        return
    for key in sorted({s["plan"] for s in list_signatures(ws, by["grace"])}):
        send_plan(ws, by["grace"], comp_plan=key)
    for who in ("cleo", "bob"):
        for letter in my_letters(ws, by[who]):
            hashes = {k: letter[k] for k in ("plan_sha256", "letter_sha256")}
            accept_plan(ws, by[who], id=letter["id"], **hashes)


def _late_change(ws: Workspace, by: People, months: list[date], *, into: str) -> None:
    """The greatest direct deal of the quarter's first month turns out a tenth smaller: nothing is rewritten."""
    folder = ws.path / LATE
    if folder.exists() or status_of(ws, into) == "locked":
        return
    said = locked_statements(ws, period=f"{months[0]:%Y-%m}")
    lines = [x for s in said.values() for p in s["components"] for x in p["lines"] if x["type"] == "direct"]
    if not lines:
        return
    deal = max(lines, key=lambda x: (Decimal(str(x["credit"])), x["deal"]))["deal"]
    row = _exported(ws.path / "export" / "opportunity.csv", deal)
    if row is None:
        return
    before, day = row["amount"], last_day(ws, by["hal"])
    row["amount"] = str((Decimal(before) * Decimal("0.9")).quantize(Decimal("0.01")))
    # The source says itself when it was changed: found by comparing loads it would be now, long after the demo's day.
    change = {"opportunity_id": deal, "changed_at": f"{day}T16:00:00Z", "field": "amount", "old_value": before,
              "new_value": row["amount"]}  # fmt: skip
    folder.mkdir()
    for name, record in (("opportunity", row), ("opportunity_change", change)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, fieldnames=list(record))
            out.writeheader()
            out.writerow(record)
    load_records(ws, operator("demo"), location=str(folder))
    replay_pay(ws, by["hal"], period=into)


def _exported(file: Path, deal: str) -> dict[str, str] | None:
    with file.open(encoding="utf-8", newline="") as held:
        found = [row for row in csv.DictReader(held) if row.get("opportunity_id") == deal]
    return found[-1] if found else None


def _dispute(ws: Workspace, by: People, months: list[date]) -> None:
    """Ann asks about a line, and finance looks into it; Cleo asked too, and was shown the arithmetic."""
    if list_disputes(ws, by["hal"]):
        return
    asked = {"ann": ("split", "I closed this with Cleo: the split should be in it."),
             "cleo": ("amount", "I expected the accelerated rate.")}  # fmt: skip
    for who, (kind, text) in asked.items():
        line = _line(ws, by[who], months)
        if line is None:
            continue
        made = open_dispute(ws, by[who], **line, kind=kind, text=text)
        triage_dispute(ws, by["hal"], id=made["id"], root_cause="split came late" if who == "ann" else "plan misread")
        if who == "cleo":
            reject_dispute(
                ws, by["hal"], id=made["id"], answer="The quarter stood below the next tier; see the arithmetic."
            )


def _line(ws: Workspace, actor: Actor, months: list[date]) -> dict[str, str] | None:
    """The last line of the quarter that somebody was credited for."""
    for month in reversed(months):
        period = f"{month:%Y-%m}"
        statement: dict[str, Any] = locked_statements(ws, period=period).get(actor.user_id or "", {"components": ()})
        for part in statement["components"]:
            for line in reversed(part["lines"]):
                named = {"component": part["key"], "deal": line["deal"]}
                return {"payee": str(actor.user_id), "period": period, **named}
    return None


def _award(ws: Workspace, by: People, *, into: str) -> None:
    """What was won in contests that are over is paid with the open month."""
    for contest in list_contests(ws, by["hal"]):
        key = str(contest["key"])
        over = ws.calendar.parse(str(contest["period"])).end <= last_day(ws, by["hal"])
        if over and contest["frozen"] and not list_awards(ws, by["hal"], key=key) and status_of(ws, into) != "locked":
            award_contest(ws, by["hal"], key=key, into=into)
