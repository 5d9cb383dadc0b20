"""A small company for the tests of the site: Ann sells, Bob manages Ann, Cleo is elsewhere, Eve left in March.

Every text that belongs to Cleo holds the word STRANGER: Ann and Bob must never be shown it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from geartrain.facts import record_type
from geartrain.services import people
from geartrain.services.access import Role, operator
from geartrain.services.workspace import Workspace
from geartrain.stores.warehouse.base import Counts, LoadEntry

PASSWORD = "gears-that-mesh-well"
LOADED_AT = datetime.fromisoformat("2026-09-30T12:00")
STRANGER = "STRANGER"

# Login to (roles, user record).
PEOPLE: dict[str, tuple[tuple[Role, ...], str | None]] = {
    "ann@example.com": ((Role.seller,), "ann"),
    "bob@example.com": ((Role.manager,), "bob"),
    "cleo@example.com": ((Role.seller,), "cleo"),
    "dee@example.com": ((Role.auditor,), None),
    "head@example.com": ((Role.head_of_sales,), "head"),
    "ops@example.com": ((Role.revops,), None),
    "money@example.com": ((Role.finance,), None),
    "admin@example.com": ((Role.admin,), None),
    "nobody@example.com": ((), None),
}


def _user(user_id: str, name: str, manager: str | None, team: str, region: str, **more: Any) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "name": name,
        "email": f"{user_id}@example.com",
        "manager_id": manager,
        "team": team,
        "region": region,
        "is_active": True,
        "base_salary": "61234.5600",
        **more,
    }


def _deal(number: str, owner: str, account: str, amount: str | None, **more: Any) -> dict[str, Any]:
    won = more.pop("won", None)
    return {
        "opportunity_id": number,
        "name": f"Deal {number}",
        "account_id": account,
        "owner_id": owner,
        "type": "new",
        "product_id": "gear",
        "stage": "Negotiation" if won is None else "Won" if won else "Lost",
        "amount": amount,
        "currency": "USD",
        "created_at": "2026-07-06 09:00:00",
        "close_date": "2026-09-15",
        "closed_at": None if won is None else "2026-09-15 10:00:00",
        "is_closed": won is not None,
        "is_won": bool(won),
        **more,
    }


ROWS: dict[str, Sequence[Mapping[str, Any]]] = {
    "user": (
        _user("head", "Hedy Head", None, "Leadership", "East"),
        _user("bob", "Bob Boss", "head", "Gears", "East"),
        _user("ann", "Ann Seller", "bob", "Gears", "East"),
        _user("cleo", f"{STRANGER} Cleo", "head", "Axles", "West"),
        _user("eve", "Eve Left", "bob", "Gears", "East", is_active=False, end_date="2026-03-31"),
    ),
    "account": (
        {"account_id": "acme", "name": "Acme", "segment": "mid", "owner_id": "ann"},
        {"account_id": "zed", "name": f"{STRANGER} Zed", "segment": "large", "owner_id": "cleo"},
    ),
    "product": ({"product_id": "gear", "name": "Gear", "family": "Metal"},),
    "opportunity": (
        _deal("O-1", "ann", "acme", "12000.0000", won=True),
        _deal("O-2", "ann", "acme", None, won=False, loss_reason="=HYPERLINK('http://evil')"),
        _deal("O-3", "ann", "acme", "5000.2500", product_id="GTXPro"),
        _deal("O-4", "cleo", "zed", "99000.0000", name=f"{STRANGER} deal", won=True),
        _deal("O/5 ?&=é", "bob", "acme", "700.0000", name="+1 odd <b>name</b>"),
        _deal("O-6", "cleo", "zed", "4321.0000", name=f"{STRANGER} open deal", next_step=f"{STRANGER} call"),
    ),
    "opportunity_change": (
        {"opportunity_id": "O-1", "changed_at": "2026-08-01 10:00:00", "field": "stage", "old_value": "Lead"},
        {"opportunity_id": "O-4", "changed_at": "2026-08-02 10:00:00", "field": "stage", "old_value": STRANGER},
    ),
}


def load_cast(ws: Workspace) -> str:
    """Write the company's records in one load. Returns the load's id."""
    folder = ws.data / "staged"
    folder.mkdir(parents=True, exist_ok=True)
    counts: dict[str, Counts] = {}
    with ws.warehouse.write(source="folder", recorded_at=LOADED_AT) as writer:
        for name, rows in ROWS.items():
            stored, same = writer.append(record_type(name), staged(folder / f"{name}.parquet", name, rows))
            counts[name] = Counts(len(rows), stored, 0, same)
        rejected = {
            "type": "opportunity",
            "file": "opportunity.csv",
            "line": 7,
            "column": "amount",
            "value": "=1+1 lots",
            "code": "unreadable_number",
            "message": f"'lots' is no number. {STRANGER}",
            "hint": "Write digits.",
            "row": "{}",
        }
        path = folder / "rejected.parquet"
        pq.write_table(pa.Table.from_pylist([rejected]), path)
        writer.reject(path)
        counts["opportunity"] = Counts(7, 6, 1, 0)
        issue = {"code": "odd", "level": "warning", "message": "An odd file.", "where": "a.csv:1", "hint": "Look."}
        entry = LoadEntry(writer.load_id, "folder", LOADED_AT, counts, [issue], {"actor": "ops@example.com"})
        load_id = writer.load_id
        writer.commit(entry)
    return load_id


def staged(path: Path, name: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A Parquet file of rows as a CSV would hold them; the warehouse casts them to the type's kinds."""
    columns = [*(c.name for c in record_type(name).columns), "extra"]
    pq.write_table(pa.table({c: pa.array([_text(r.get(c)) for r in rows], pa.string()) for c in columns}), path)
    return path


def add_people(ws: Workspace) -> None:
    """Everyone of the cast who signs in."""
    for email, (roles, user_id) in PEOPLE.items():
        name = email.split("@")[0].capitalize()
        people.create_user(ws, operator(), email=email, password=PASSWORD, name=name, roles=roles, user_id=user_id)


def _text(value: Any) -> str | None:
    return value if value is None else str(value).lower() if isinstance(value, bool) else str(value)
