"""Merging duplicate leads and undoing it. A merge is a load: whole or not at all, its past kept, its undo another load.

What is merged in the facts stays two records in the source until somebody merges them there: loads bring the members
no more while the merge stands, and what points at them points at the master.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from json import dumps
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from geartrain.facts import record_types
from geartrain.kernel.errors import Conflict, NotFound
from geartrain.kernel.policy import Policy
from geartrain.kernel.records import DELETED, RecordType, latest
from geartrain.process.dedupe import Proposal, merge
from geartrain.services.access import Actor, Permission, require
from geartrain.services.selling.leads import list_duplicates
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.intake.scratch import scratch_folder
from geartrain.stores.warehouse.base import Counts, LoadEntry, Snapshot, Writer

TYPE = "lead"
SOURCE = "merge"
OWN = ("load_id", "recorded_at")  # what every load sets anew


@dataclass(frozen=True)
class Merge:
    """A merge, done or to be done.

    Args:
        id: The load that did it; empty where nothing was done.
        members: The leads that went into the master.
        changes: Column of the master to `{"from": …, "to": …}`.
        children: Record type to how many records point at the master instead.
        state: proposed, merged or undone.
    """

    id: str
    master: str
    members: tuple[str, ...]
    changes: Mapping[str, Mapping[str, Any]]
    children: Mapping[str, int]
    state: str
    by: str = ""
    at: Any = None
    score: Any = None
    matched_on: Sequence[str] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {
            "id": self.id, "master": self.master, "members": list(self.members), "state": self.state,
            "score": self.score, "matched_on": list(self.matched_on), "changes": self.changes,
            "children": dict(self.children), "by": self.by, "at": self.at,
        }  # fmt: skip


def merge_leads(
    ws: Workspace, actor: Actor, *, policy: Policy, masters: Sequence[str] = (), auto: bool = False, apply: bool = False
) -> list[Merge]:
    """Merge what is proposed for these masters, or everything that may be merged by itself; a dry run, unless `apply`.

    Args:
        auto: Every proposal at or above the policy's bound for merging without a look at each.
    Raises:
        NotFound: nothing is proposed for one of them.
    """
    require(actor, Permission.load_facts)
    found = _proposals(ws, actor, policy, masters, auto=auto)
    return [_merge(ws, actor, policy, p, apply=apply) for p in found]


def unmerge_leads(ws: Workspace, actor: Actor, *, id: str, apply: bool = False) -> Merge:
    """Undo one merge: every record it changed is again what it was, to the byte; a dry run, unless `apply`.

    Raises:
        NotFound: there was no such merge. Conflict: it is undone, or one of the records was changed since.
    """
    require(actor, Permission.load_facts)
    done = next((m for m in list_merges(ws, actor) if m.id == id), None)
    if done is None:
        raise NotFound(f"There is no merge '{id}'.", hint="See them with: geartrain leads merges")
    if done.state == "undone":
        raise Conflict(f"Merge {id} is undone already.")
    with scratch_folder(ws.data) as scratch, ws.warehouse.write(recorded_at=ws.now(), source=SOURCE) as writer:
        counts = {name: _restore(writer, record_types()[name], id, scratch) for name in (TYPE, *_children())}
        if not apply:
            return done
        meta = {"unmerge": id, "actor": actor.login}
        told = {n: Counts(c, c, 0, 0) for n, c in counts.items() if c}
        writer.commit(LoadEntry(writer.load_id, SOURCE, writer.recorded_at, told, (), meta))
    _tell(ws, actor, "unmerge_leads", done)
    return replace(done, state="undone")


def list_merges(ws: Workspace, actor: Actor) -> list[Merge]:
    """The merges there were, the last first."""
    require(actor, Permission.load_facts)
    with ws.warehouse.snapshot() as snapshot:
        return _merges(snapshot)


def merged_away(snapshot: Snapshot) -> dict[str, str]:
    """Member to the master it went into, of the merges that stand."""
    found = {m: one.master for one in _merges(snapshot) if one.state == "merged" for m in one.members}
    for member in found:
        while (further := found.get(found[member])) is not None:
            found[member] = further
    return found


def _merges(snapshot: Snapshot) -> list[Merge]:
    loads = snapshot.loads()
    undone = {e.meta["unmerge"] for e in loads if e.source == SOURCE and "unmerge" in e.meta}
    return [
        Merge(
            e.load_id, m["master"], tuple(m["members"]), m["changes"], m["children"],
            "undone" if e.load_id in undone else "merged", e.meta.get("actor", ""), e.recorded_at, m["score"],
            tuple(m["matched_on"]),
        )
        for e in loads if e.source == SOURCE and (m := e.meta.get("merge"))
    ]  # fmt: skip


def _proposals(ws: Workspace, actor: Actor, policy: Policy, masters: Sequence[str], *, auto: bool) -> list[Proposal]:
    every = {p.master: p for p in list_duplicates(ws, actor, policy=policy)[1]}
    if lost := [m for m in masters if m not in every]:
        hint = "See what is proposed: geartrain leads dedupe"
        raise NotFound(f"Nothing is proposed to be merged into lead {lost[0]}.", hint=hint)
    return [p for p in every.values() if p.master in masters or (auto and p.state == "auto")]


def _merge(ws: Workspace, actor: Actor, policy: Policy, proposal: Proposal, *, apply: bool) -> Merge:
    if not apply:
        with ws.warehouse.snapshot() as snapshot:
            return _planned(snapshot, actor, policy, proposal)[0]
    with scratch_folder(ws.data) as scratch, ws.warehouse.write(recorded_at=ws.now(), source=SOURCE) as writer:
        planned, merged, gone, children = _planned(writer.before(), actor, policy, proposal)
        lead = record_types()[TYPE]
        _append(writer, lead, [merged], scratch)
        writer.remove(lead, _file(lead, gone, scratch, "gone"))
        for name, rows in children.items():
            _append(writer, record_types()[name], rows, scratch)
        done = replace(planned, id=writer.load_id, state="merged", at=writer.recorded_at)
        whole = done.as_json() | {"score": str(proposal.score), "at": None}
        counts = {TYPE: Counts(n := len(gone) + 1, n, 0, 0)} | {k: Counts(n, n, 0, 0) for k, n in done.children.items()}
        meta = {"merge": whole, "actor": actor.login}
        writer.commit(LoadEntry(writer.load_id, SOURCE, writer.recorded_at, counts, (), meta))
    _tell(ws, actor, "merge_leads", done)
    return done


Rows = list[dict[str, Any]]


def _planned(
    facts: Snapshot, actor: Actor, policy: Policy, proposal: Proposal
) -> tuple[Merge, dict[str, Any], Rows, dict[str, Rows]]:
    """What a merge would be, the record that is kept, the last versions of those that go, and what points at them."""
    ids, table = (proposal.master, *proposal.members), facts.table(TYPE)
    records = facts.execute(table.filter(table.lead_id.isin(ids))).to_pylist()
    *_, undo = merge(policy.spec.dedupe, proposal, records)
    own = next(r for r in records if r["lead_id"] == proposal.master)
    note = {"extra": dumps({"merged_into": proposal.master}), "load_source": DELETED + SOURCE}
    gone = [{**r, **note} for r in records if r["lead_id"] in proposal.members]
    changes = {
        c.name: {"from": _plain(own[c.name]), "to": _plain(undo.merged[c.name])}
        for c in record_types()[TYPE].columns if own[c.name] != undo.merged[c.name]
    }  # fmt: skip
    children = {n: rows for n, columns in _children().items() if (rows := _rewired(facts, n, columns, proposal))}
    counts = {n: len(rows) for n, rows in children.items()}
    planned = Merge(
        "", proposal.master, proposal.members, changes, counts, "proposed", actor.login, None, proposal.score,
        proposal.fields,
    )  # fmt: skip
    return planned, {**undo.merged, "load_source": own["load_source"]}, gone, children


def _children() -> dict[str, list[str]]:
    """Record type to its columns that refer to a lead."""
    found = {n: [c for c, ref in t.references.items() if ref == TYPE] for n, t in record_types().items()}
    return {n: columns for n, columns in found.items() if columns}


def _rewired(facts: Snapshot, name: str, columns: Sequence[str], proposal: Proposal) -> Rows:
    """Records that point at a member, pointing at the master."""
    table = facts.table(name)
    rows: Rows = facts.execute(table.filter(ibis.or_(*(table[c].isin(proposal.members) for c in columns)))).to_pylist()
    for row in rows:
        row.update({c: proposal.master for c in columns if row[c] in proposal.members})
    return rows


def _restore(writer: Writer, declared: RecordType, load_id: str, scratch: Path) -> int:
    """Put back the versions that a load replaced."""
    before, keys = writer.before(), list(declared.key)
    versions = before.versions(declared.name)
    touched = versions.filter(versions.load_id == load_id).select(keys)
    later = versions.filter(versions.load_id > load_id).semi_join(touched, keys)
    if changed := before.execute(later.select(keys).distinct().limit(1)).to_pylist():
        name = f"{declared.name} {' '.join(str(v) for v in changed[0].values())}"
        hint = "Undoing the merge would lose that change: mend it by hand."
        raise Conflict(f"{name} was changed after the merge.", hint=hint)
    was = latest(versions.filter(versions.load_id < load_id).semi_join(touched, keys), keys)
    rows = before.execute(was.order_by(keys)).to_pylist()
    return _append(writer, declared, rows, scratch)


def _append(writer: Writer, declared: RecordType, rows: Sequence[Mapping[str, Any]], scratch: Path) -> int:
    return writer.append(declared, _file(declared, rows, scratch, "rows"))[0] if rows else 0


def _file(declared: RecordType, rows: Sequence[Mapping[str, Any]], scratch: Path, purpose: str) -> Path:
    """A staged file of whole rows."""
    schema = ibis.schema({n: t for n, t in declared.schema.items() if n not in OWN}).to_pyarrow()
    file = scratch / f"{declared.name}-{purpose}.parquet"
    pq.write_table(pa.Table.from_pylist([dict(r) for r in rows], schema=schema), file)
    return file


def _tell(ws: Workspace, actor: Actor, verb: str, done: Merge) -> None:
    with writing(ws):
        told = {"id": done.id, "members": list(done.members), "children": dict(done.children)}
        record(ws, actor, verb, f"lead/{done.master}", **told)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool | int) else str(value)
