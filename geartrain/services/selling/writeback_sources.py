"""Where write-backs come from: rows of a file (rules of engagement, territories), routing, merged leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from geartrain.facts import record_types
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.process.write_back import Change
from geartrain.services.access import Actor, Permission, require
from geartrain.services.records.facts import open_facts
from geartrain.services.selling.routing import list_routed
from geartrain.services.selling.writeback import Proposed, propose_write_backs
from geartrain.services.workspace import Workspace
from geartrain.stores.crm import systems

MOST = 100_000
# What CRMs' own import files call the owner, as `territory export` writes them.
OWNER_FILES = {"Id": "OwnerId", "Record ID": "Company owner"}


def propose_rows(
    ws: Workspace,
    actor: Actor,
    *,
    rows: Iterable[Mapping[str, Any]],
    kind: str,
    system: str = "",
    cause: str,
    reason: str = "",
) -> Proposed:
    """Changes as rows: record, field, from (may be left out), to; or an owner file of `territory export`.

    Args:
        system: Where they are written; the source each record was loaded from where empty.
        cause: What decided them: the same change by the same cause is proposed once.
    Raises:
        Invalid: a column is missing, or there is no such type.
    """
    require(actor, Permission.write_back)
    if kind not in record_types():
        raise Invalid(f"There is no record type '{kind}'.", hint="account, lead or opportunity.")
    read = [_row(n, r) for n, r in enumerate(rows, 1)]
    if len(read) > MOST:
        raise Invalid(f"These are more than {MOST:,} changes.", hint="Propose them in parts.")
    merged: dict[str, dict[str, dict[str, Any]]] = {}
    for record, column, change in read:
        merged.setdefault(record, {})[column] = change
    where, issues = _systems(ws, actor, kind, list(merged), system)
    changes = [Change(where[r], kind, r, c, cause, reason) for r, c in merged.items() if r in where]
    found = propose_write_backs(ws, actor, changes=changes)
    return Proposed(found.new, found.known, (*issues, *found.issues))


def propose_routed(ws: Workspace, actor: Actor, *, policy: str = "", system: str = "") -> Proposed:
    """The owner that routing gave each lead, where the facts say that somebody else has it."""
    decided = [d for d in list_routed(ws, actor, policy=policy, limit=MOST) if d["owner"]]
    with open_facts(ws, actor) as facts:
        leads = facts.table("lead")
        owners = {r["lead_id"]: r["owner_id"] for r in facts.execute(leads.select("lead_id", "owner_id")).to_pylist()}
    open_ones = [d for d in decided if owners.get(d["lead_id"]) != d["owner"]]
    where, issues = _systems(ws, actor, "lead", [d["lead_id"] for d in open_ones], system)
    changes = [
        Change(
            where[d["lead_id"]], "lead", d["lead_id"], {"owner_id": {"to": d["owner"]}},
            f"decision/{d['policy']}/{d['lead_id']}", d["reason"],
        )
        for d in reversed(open_ones) if d["lead_id"] in where
    ]  # fmt: skip
    found = propose_write_backs(ws, actor, changes=changes)
    return Proposed(found.new, found.known, (*issues, *found.issues))


def propose_merged(ws: Workspace, actor: Actor, *, system: str = "") -> Proposed:
    """What the surviving record of each merge has that the source's master has not; only what may be written."""
    from geartrain.services.records.merging import list_merges
    from geartrain.services.selling.writeback import write_back_policy

    allowed = write_back_policy(ws)
    merges = [m for m in list_merges(ws, actor) if m.state == "merged"]
    where, issues = _systems(ws, actor, "lead", [m.master for m in merges], system)
    changes = []
    for m in merges:
        target = allowed.target(where.get(m.master, ""), "lead")
        kept = {c: v for c, v in m.changes.items() if target and c in target.fields}
        if kept:
            changes.append(Change(where[m.master], "lead", m.master, kept, f"merge/{m.id}", f"Merge {m.id}"))
    found = propose_write_backs(ws, actor, changes=changes)
    return Proposed(found.new, found.known, (*issues, *found.issues))


def _row(n: int, row: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    for key, owner in OWNER_FILES.items():
        if key in row and owner in row:
            return str(row[key] or "").strip(), "owner_id", {"to": row[owner] or None}
    lost = [c for c in ("record", "field", "to") if c not in row]
    if lost:
        hint = "Columns: record, field, from, to; or the owner file of territory export."
        raise Invalid(f"Row {n} has no column '{lost[0]}'.", hint=hint)
    change = {"to": None if row["to"] == "" else row["to"]}
    if "from" in row:
        change["from"] = None if row["from"] == "" else row["from"]
    return str(row["record"] or "").strip(), str(row["field"] or "").strip(), change


def _systems(
    ws: Workspace, actor: Actor, kind: str, records: Sequence[str], system: str
) -> tuple[dict[str, str], tuple[Issue, ...]]:
    """Record to where it lives: as it is said, or where it was loaded from."""
    known = systems()
    if system:
        if system not in known:
            raise Invalid(f"Nothing can be written into '{system}'.", hint=f"One of: {', '.join(known)}.")
        return dict.fromkeys(records, system), ()
    with open_facts(ws, actor) as facts:
        table, key = facts.table(kind), record_types()[kind].key[0]
        rows = facts.execute(table.filter(table[key].isin(list(records))).select(key, "load_source")).to_pylist()
    where = {r[key]: r["load_source"] for r in rows if r["load_source"] in known}
    lost = [r for r in records if r not in where]
    if not lost:
        return where, ()
    said = f"It is not known where {len(lost):,} of the records live, {kind} {lost[0]} among them."
    hint = f"Name the source: --system {' or --system '.join(known)}."
    return where, (Issue("write_back_nowhere", Level.warning, said, kind, hint),)
