"""Rules of engagement of a workspace: what clauses leave open, who owns what is somebody else's, disputes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from geartrain.kernel.clock import BusinessCalendar, Term, due
from geartrain.kernel.errors import Conflict, Invalid, NotFound
from geartrain.kernel.policy import Policy
from geartrain.kernel.policy.policy import closest
from geartrain.planning.engagement.enforcement import enforce
from geartrain.planning.engagement.lint import told
from geartrain.planning.engagement.methods import measured
from geartrain.planning.kinds.rules_of_engagement import RulesOfEngagement
from geartrain.services.access import Actor, Permission, require
from geartrain.services.commitments import assignee_of, close_commitment, list_commitments, open_commitment
from geartrain.services.planning.engagement_files import measures, typed_row
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

KIND, DISPUTE = "rules_of_engagement", "roe_dispute"
DAYS = 5  # business days within which a dispute is settled
LISTED = 500
MOST = 1_000  # characters of what somebody says


def rules_in_force(ws: Workspace, actor: Actor, *, policy: str = "") -> Policy | None:
    """The rules asked for, else the first; None where there are none.

    Raises:
        NotFound: the ones asked for are not there.
    """
    require(actor, Permission.view_policies)
    every = current_policies(ws).of(KIND)
    if policy and policy not in every:
        near = closest(policy, every)
        hint = f"Did you mean '{near}'?" if near else f"There are {len(every)}."
        raise NotFound(f"There are no rules of engagement '{policy}'.", hint=hint)
    return every[policy] if policy else next(iter(every.values()), None)


def check_engagement(ws: Workspace, actor: Actor, *, policy: str = "") -> dict[str, Any]:
    """Every scenario of the rules in force: gaps, overlaps, clauses that never decide.

    Raises:
        NotFound: there are none.
    """
    found = _needed(ws, actor, policy)
    return {"policy": found.key, "axes": found.spec.axes, **told(found.spec), "sha256": found.sha256}


def enforce_engagement(ws: Workspace, actor: Actor, *, policy: str = "") -> dict[str, Any]:
    """The opportunities the actor may see, held against the clauses, with the owner updates that would mend them.

    `missing` names axes that no column of an opportunity holds; then nothing can be held against them.

    Raises:
        NotFound: there are no such rules.
    """
    found = _needed(ws, actor, policy)
    rules: RulesOfEngagement = found.spec
    with open_facts(ws, actor) as facts:
        rows = facts.execute(facts.table("opportunity").order_by("opportunity_id")).to_pylist()
        day = facts.as_of
    records = [{**json.loads(row.pop("extra", None) or "{}"), **row} for row in rows]
    missing = [a for a in rules.axes if not any(r.get(a) is not None for r in records)]
    if missing:
        return {"policy": found.key, "records": len(records), "missing": missing, "findings": [], "measures": {}}
    texts = [{k: None if v is None else str(v) for k, v in r.items()} for r in records]
    done = enforce(rules, [typed_row(rules, t) for t in texts], key="opportunity_id", as_of=day)
    return {
        "policy": found.key,
        "records": done.records,
        "agreed": done.agreed,
        "missing": [],
        "findings": [f.as_json() for f in done.findings[:LISTED]],
        "write_back": [w for f in done.findings if (w := f.write_back)],
        "measures": measures(done),
    }


def _needed(ws: Workspace, actor: Actor, policy: str) -> Policy:
    found = rules_in_force(ws, actor, policy=policy)
    if found is None:
        raise NotFound("There are no rules of engagement yet.", hint="Publish a policy of that kind.")
    return found


@dataclass(frozen=True, slots=True)
class Dispute:
    """Two people who both hold that something is theirs.

    Args:
        due: When it has to be settled. state: open, breached or settled. clause: What settled it; `new` where that
            clause was written for it.
    """

    id: int
    record: str
    claimant: str
    holder: str
    reason: str
    opened: datetime
    due: datetime
    state: str
    assignee: str
    owner: str = ""
    clause: str = ""
    new: bool = False


def open_dispute(
    ws: Workspace, actor: Actor, *, record_id: str, claimant: str, holder: str, reason: str, policy: str = ""
) -> Dispute:
    """Say that something is somebody else's; whoever owns the rules has five business days to settle it.

    Raises:
        NotFound: there are no such rules. Invalid: something is left empty, or both are the same.
        Conflict: it is in dispute already.
    """
    require(actor, Permission.view_policies)
    rules = _needed(ws, actor, policy)
    values = {"record": record_id, "claimant": claimant, "holder": holder, "reason": reason}
    said = {name: _line(value, name) for name, value in values.items()}
    if said["claimant"] == said["holder"]:
        raise Invalid("Nobody is in dispute with themselves.", hint="Name who has it and who claims it.")
    key = f"{DISPUTE}/{said['record']}"
    if any(d.record == said["record"] and d.state != "settled" for d in _all(ws)):
        raise Conflict(f"{said['record']} is in dispute already.", hint="Settle that one first.")
    now = ws.now()
    until = due(BusinessCalendar(zone=ws.calendar.zone), now, Term(business_days=DAYS))
    title = f"Whose is {said['record']}? {said['claimant']} claims it, {said['holder']} has it"
    source = f"policy/{KIND}/{rules.key}@{rules.version}"
    with writing(ws, in_turn=True):
        made = open_commitment(
            ws, kind=DISPUTE, subject=f"roe/{said['record']}", title=title,
            assignee=assignee_of(ws, rules.envelope.owner), due=until, opened=now,
            link="/rules-of-engagement/", source=source, key=key,
        )  # fmt: skip
        record(ws, actor, "open_dispute", f"roe/{said['record']}", id=made, policy=rules.key, **said)
    return next(d for d in _all(ws) if d.id == made)


def settle_dispute(
    ws: Workspace, actor: Actor, *, id: int, clause: str, owner: str, new: bool = False, note: str = ""
) -> Dispute:
    """Settle a dispute by a clause of the rules in force, or by a new one, which is to be proposed under that key.

    Raises:
        NotFound: there is no such dispute. Conflict: it is settled. Invalid: no such clause, or the new one is there
            already, or the owner is neither of the two.
    """
    require(actor, Permission.edit_policies)
    found = next((d for d in list_disputes(ws, actor) if d.id == id), None)
    if found is None:
        raise NotFound(f"There is no dispute {id}.")
    if found.state == "settled":
        raise Conflict(f"The dispute over {found.record} is settled already, by {found.clause}.")
    _clause_is_there(_needed(ws, actor, _policy_of(ws, found)), clause, new)
    if owner not in (found.claimant, found.holder):
        hint = f"{found.claimant} or {found.holder}."
        raise Invalid(f"'{owner}' is none of the two.", hint=hint)
    with writing(ws, in_turn=True):
        if close_commitment(ws, actor, key=f"{DISPUTE}/{found.record}") != id:
            raise Conflict("Somebody was first.", hint="Read it again.")
        detail = {"clause": clause, "owner": owner, "new": new, "note": note.strip()[:MOST]}
        record(ws, actor, "settle_dispute", f"roe/{found.record}", id=id, **detail)
    return next(d for d in _all(ws) if d.id == id)


def _clause_is_there(rules: Policy, clause: str, new: bool) -> None:
    keys = [c.key for c in rules.spec.clauses]
    if new and clause in keys:
        raise Invalid(f"The clause '{clause}' is there already.", hint="Settle by it, or give the new one another key.")
    if not clause.strip() or (not new and clause not in keys):
        hint = f"One of: {', '.join(keys)}; or a new clause."
        raise Invalid(f"There is no clause '{clause}'.", hint=hint)


def list_disputes(ws: Workspace, actor: Actor) -> list[Dispute]:
    """The disputes the actor may see, the first due first."""
    require(actor, Permission.view_policies)
    seen = {o.id for o in list_commitments(ws, actor, kind=DISPUTE)}
    mine = {name for name in (actor.user_id, actor.login) if name}
    return [d for d in _all(ws) if d.id in seen or mine & {d.claimant, d.holder}]


def measure_disputes(ws: Workspace, actor: Actor) -> dict[str, float | None]:
    """Disputes, those settled and those past due, per 100 opportunities the actor may see."""
    found = list_disputes(ws, actor)
    with open_facts(ws, actor) as facts:
        count = int(
            facts.execute(facts.table("opportunity").aggregate(n=facts.table("opportunity").count()))["n"][0].as_py()
        )
    counts = {"disputes": len(found)} | {name: sum(d.state == name for d in found) for name in ("settled", "breached")}
    return measured(counts, count)


def _all(ws: Workspace) -> list[Dispute]:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import AuditEvent
    from geartrain.stores.decisions.models import Commitment as Row

    events = AuditEvent.objects.filter(verb__in=("open_dispute", "settle_dispute"), subject__startswith="roe/")
    said: dict[int, dict[str, Any]] = {}
    for event in events.order_by("id"):
        of = said.setdefault(int(event.detail["id"]), {})
        of.update(event.detail | {event.verb: True})
    now = ws.now()
    rows = Row.objects.filter(kind=DISPUTE, pk__in=list(said)).order_by("due", "pk")
    return [_dispute(row, said[row.pk], now) for row in rows]


def _dispute(row: Any, said: dict[str, Any], now: datetime) -> Dispute:
    until = row.due.astimezone(UTC).replace(tzinfo=None)
    state = "settled" if "settle_dispute" in said else "breached" if until < now else "open"
    return Dispute(
        id=int(row.pk), record=said["record"], claimant=said["claimant"], holder=said["holder"], reason=said["reason"],
        opened=row.opened.astimezone(UTC).replace(tzinfo=None), due=until, state=state, assignee=row.assignee,
        owner=said.get("owner", ""), clause=said.get("clause", ""), new=bool(said.get("new")),
    )  # fmt: skip


def _policy_of(ws: Workspace, found: Dispute) -> str:
    from geartrain.stores.decisions.models import Commitment as Row

    key = str(Row.objects.get(pk=found.id).source).removeprefix(f"policy/{KIND}/").rpartition("@")[0]
    return key if key in current_policies(ws).of(KIND) else ""


def _line(value: str, name: str) -> str:
    text = value.strip()
    if not text or len(text) > MOST or any(ord(c) < 32 for c in text):
        hint = f"One line of up to {MOST} characters."
        raise Invalid(f"The {name} of a dispute is empty or too long.", hint=hint)
    return text
