"""What a CRM imports so that its owners and territories become those of an assignment, and what undoes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Row = dict[str, str]
MANUAL = "Territory2Manual"


@dataclass(frozen=True)
class Export:
    """Files of rows by name, in the order they are imported; `rollback` undoes them; `notes` a person reads."""

    files: Mapping[str, tuple[tuple[str, ...], list[Row]]]
    rollback: Mapping[str, tuple[tuple[str, ...], list[Row]]]
    notes: tuple[str, ...] = field(default=())


def owners(assigned: Sequence[tuple[str, str | None, str | None]], *, hubspot: bool = False) -> Export:
    """An owner file of (account, from, to): only those that change, so that a second run is empty."""
    columns = ("Record ID", "Company owner") if hubspot else ("Id", "OwnerId")
    name = "company_owner.csv" if hubspot else "account_owner.csv"
    moved = [(account, old, new) for account, old, new in assigned if new is not None and new != old]
    forward = [dict(zip(columns, (account, new or ""), strict=True)) for account, _, new in moved]
    back = [dict(zip(columns, (account, old or ""), strict=True)) for account, old, _ in moved]
    unplaced = [account for account, _, new in assigned if new is None]
    notes = (f"{len(unplaced)} accounts have no seller and stay as they are.",) if unplaced else ()
    return Export({name: (columns, forward)}, {name: (columns, back)}, notes)


def associations(
    assigned: Sequence[tuple[str, str | None]], territory_of: Mapping[str, str], current: Sequence[Row]
) -> Export:
    """Salesforce territories: ObjectTerritory2Association has no update, so what changes is deleted and inserted.

    Args:
        assigned: (account, seller). territory_of: Seller to Territory2Id.
        current: Rows of ObjectTerritory2Association as they are: Id, ObjectId, Territory2Id, AssociationCause.
    """
    wanted = {account: territory_of[seller] for account, seller in assigned if seller is not None}
    columns = ("ObjectId", "Territory2Id", "AssociationCause")
    have: dict[str, list[Row]] = {}
    for row in current:
        have.setdefault(row["ObjectId"], []).append(row)
    deleted: list[Row] = []
    inserted: list[Row] = []
    ruled: list[Row] = []
    for account, territory in wanted.items():
        rows = have.get(account, [])
        for row in rows:
            if row["Territory2Id"] != territory:
                (deleted if row.get("AssociationCause", MANUAL) == MANUAL else ruled).append(row)
        if not any(row["Territory2Id"] == territory for row in rows):
            inserted.append({"ObjectId": account, "Territory2Id": territory, "AssociationCause": MANUAL})
    ids = [{"Id": row.get("Id", "")} for row in deleted]
    again = [{c: row.get(c, MANUAL) for c in columns} for row in deleted]
    kept = ("Id", *columns)
    files = {
        "1_delete_ObjectTerritory2Association.csv": (("Id",), ids),
        "2_insert_ObjectTerritory2Association.csv": (columns, inserted),
        "by_rule_ObjectTerritory2Association.csv": (kept, [{c: row.get(c, "") for c in kept} for row in ruled]),
    }
    back = {
        "1_delete_ObjectTerritory2Association.csv": (columns, inserted),
        "2_insert_ObjectTerritory2Association.csv": (columns, again),
    }
    notes = (f"{len(ruled)} associations were made by a rule: change the rule.",) if ruled else ()
    return Export(files, back, notes)


def users(territory_of: Mapping[str, str], current: Sequence[Row]) -> tuple[tuple[str, ...], list[Row]]:
    """UserTerritory2Association rows that are not there yet."""
    columns = ("UserId", "Territory2Id")
    have = {(row.get("UserId"), row.get("Territory2Id")) for row in current}
    rows = [{"UserId": u, "Territory2Id": t} for u, t in sorted(territory_of.items()) if (u, t) not in have]
    return columns, rows
