"""Which records are one and the same: normalised, blocked, matched from strict to loose; merged only by a proposal.

A merge keeps everything it changes, so that undoing it restores every byte.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from json import loads
from re import sub
from typing import Any

from geartrain.kernel.errors import Conflict
from geartrain.process.lead_policy import Dedupe, Survive

Record = Mapping[str, Any]
NOTHING = frozenset({"", "n/a", "na", "-", "none", "null", "test", "unknown"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which the records disagree: what is kept and what each had."""

    field: str
    kept: Any
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Proposal:
    """Records that are one.

    Args:
        master: Whose id is kept: the oldest.
        members: The others; each of them matches the master itself.
        score: Of the weakest match.
        state: `auto` or `review`, by the policy's bounds; both wait for the steward.
        fields: The columns the weakest match agreed on.
        diff: What the merged record keeps where they disagree.
    """

    master: str
    members: tuple[str, ...]
    score: Decimal
    state: str
    fields: tuple[str, ...]
    diff: tuple[Difference, ...]
    steward: str

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        diff = [{"field": d.field, "kept": d.kept, "values": list(d.values)} for d in self.diff]
        return {
            "master": self.master,
            "members": list(self.members),
            "score": self.score,
            "state": self.state,
            "matched_on": list(self.fields),
            "diff": diff,
            "steward": self.steward,
        }


@dataclass(frozen=True)
class Undo:
    """What a merge changed: the records as they were, and the children that pointed at those that are gone."""

    records: tuple[Record, ...]
    merged: Record
    children: tuple[tuple[int, Record], ...]


def normalised(record: Record) -> dict[str, str]:
    """The columns duplicates are found by, spelled alike; what is missing or a placeholder is left out.

    Example: ` Ann.Lee+x@ACME.com ` is ann.lee@acme.com, its domain acme.com; `Acme, Inc.` is acme.
    """
    more = loads(record["extra"]) if record.get("extra") else {}
    whole = {**more, **{k: v for k, v in record.items() if v is not None}}
    found = {k: " ".join(str(v).strip().lower().split()) for k, v in whole.items() if isinstance(v, str)}
    if "@" in found.get("email", ""):
        local, _, domain = found["email"].partition("@")
        found["email"] = f"{local.partition('+')[0]}@{domain}"
        found.setdefault("domain", domain)
    if "company" in found:
        found["company"] = sub(r"[^\w ]|\b(inc|ltd|llc|gmbh|corp|co|ag|sa|plc)\b", "", found["company"]).strip()
    phone = found.get("phone_e164") or found.get("phone") or ""
    found["phone"] = sub(r"\D", "", phone)
    return {k: v for k, v in found.items() if v not in NOTHING}


def propose(policy: Dedupe, records: Sequence[Record], *, key: str = "lead_id") -> list[Proposal]:
    """Every group of duplicates, by master; a record is in one group at most.

    Members are matched to the master and never to each other: A like B and B like C does not make A like C.
    """
    order = sorted(records, key=lambda r: (str(r.get("created_at") or ""), str(r[key])))
    plain = {str(r[key]): normalised(r) for r in order}
    taken: dict[str, str] = {}
    groups: dict[str, dict[str, tuple[Decimal, tuple[str, ...]]]] = defaultdict(dict)
    for match in sorted(policy.passes, key=lambda m: -m.score):
        if match.score < policy.review:
            continue
        blocks: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for r in order:
            known = plain[str(r[key])]
            if all(f in known for f in match.on):
                blocks[tuple(known[f] for f in match.on)].append(str(r[key]))
        for block in blocks.values():
            _joined(block, taken, groups, match.score, match.on)
    by_id = {str(r[key]): r for r in order}
    return [_proposal(policy, by_id, master, groups[master], key) for master in by_id if groups.get(master)]


def _joined(
    block: Sequence[str],
    taken: dict[str, str],
    groups: dict[str, dict[str, tuple[Decimal, tuple[str, ...]]]],
    score: Decimal,
    on: tuple[str, ...],
) -> None:
    """Records that agree join the oldest of them that is free to lead; those that belong to another stay there."""
    free = [r for r in block if taken.get(r, r) == r]
    if len(free) < 2:
        return
    master = next((r for r in free if groups.get(r)), free[0])
    for one in free:
        if one != master and not groups.get(one):
            taken[one] = master
            groups[master][one] = (score, on)


def _proposal(
    policy: Dedupe,
    by_id: Mapping[str, Record],
    master: str,
    members: Mapping[str, tuple[Decimal, tuple[str, ...]]],
    key: str,
) -> Proposal:
    least, on = min(members.values(), key=lambda m: m[0])
    group = [by_id[master], *(by_id[m] for m in members)]
    survivor = surviving(policy, group, key=key)
    fields = [f for f in survivor if len({repr(r.get(f)) for r in group}) > 1 and f != key]
    diff = tuple(Difference(f, survivor[f], tuple(r.get(f) for r in group)) for f in fields)
    state = "auto" if least >= policy.auto else "review"
    return Proposal(master, tuple(members), least, state, on, diff, policy.steward)


def surviving(policy: Dedupe, group: Sequence[Record], *, key: str = "lead_id") -> dict[str, Any]:
    """The merged record, the master first among the group; a field without a rule keeps the newest that is known."""
    return {f: group[0][f] if f == key else _survivor(policy, f, group) for f in group[0]}


def _survivor(policy: Dedupe, field: str, group: Sequence[Record]) -> Any:
    known = [r for r in group if r.get(field) not in (None, "")]
    if not known:
        return group[0].get(field)
    match policy.survive.get(field, Survive.newest_non_null):
        case Survive.longest:
            return max(known, key=lambda r: len(str(r[field])))[field]
        case Survive.max:
            return max(r[field] for r in known)
        case Survive.source_rank:
            rank = {s: n for n, s in enumerate(policy.sources)}
            return min(known, key=lambda r: rank.get(str(r.get("source")), len(rank)))[field]
    return max(known, key=lambda r: str(r.get("recorded_at") or r.get("created_at") or ""))[field]


def merge(
    policy: Dedupe,
    proposal: Proposal,
    records: Sequence[Record],
    children: Sequence[Record] = (),
    *,
    key: str = "lead_id",
) -> tuple[list[Record], list[Record], Undo]:
    """The records and children after the merge, and what undoes it; children point at the master."""
    ids = (proposal.master, *proposal.members)
    by_id = {str(r[key]): r for r in records}
    if gone := [i for i in ids if i not in by_id]:
        raise Conflict(f"{gone[0]} is not there any more.", hint="Look for duplicates again.")
    merged = surviving(policy, [by_id[i] for i in ids], key=key)
    kept = [merged if str(r[key]) == proposal.master else r for r in records if str(r[key]) not in proposal.members]
    moved = [(n, c) for n, c in enumerate(children) if str(c.get(key)) in proposal.members]
    rewired = [{**c, key: proposal.master} if str(c.get(key)) in proposal.members else c for c in children]
    return kept, rewired, Undo(tuple(records), merged, tuple(moved))


def undo(change: Undo, children: Sequence[Record] = ()) -> tuple[list[Record], list[Record]]:
    """The records and children as they were before the merge."""
    back = list(children)
    for n, child in change.children:
        back[n] = child
    return list(change.records), back
