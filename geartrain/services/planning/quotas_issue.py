"""Quotas put in force: kept as `quota` records from a day on, each seller asked to sign the letter of that version."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from geartrain.kernel.errors import Conflict, Invalid, NotFound, StaleVersion
from geartrain.planning.quotas.editing import decide
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.commitments import close_commitment, drop_commitment, open_commitment
from geartrain.services.planning.quotas import WorkspaceInputs, workspace_inputs
from geartrain.services.planning.quotas_letters import Letter, letters
from geartrain.services.records.loading import load_records
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.intake.scratch import scratch_folder

KIND = "quota_letter"
DAYS = 21  # that people have to sign
COLUMNS = ("user_id", "measure", "period_start", "period_end", "amount", "currency")


@dataclass(frozen=True)
class Issued:
    """What was put in force.

    Args:
        load_id: The load that keeps the records; empty where all of them were known already.
        asked: Logins of those who are to sign.
    """

    policy: str
    version: int
    load_id: str
    quotas: int
    total: Decimal
    since: date | None
    asked: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        held = {"policy": self.policy, "version": self.version, "load_id": self.load_id, "quotas": self.quotas}
        return held | {"total": format(self.total, "f"), "since": self.since, "asked": list(self.asked)}


def issue_quotas(ws: Workspace, actor: Actor, *, policy: str = "", since: date | None = None) -> Issued:
    """Keep the hedged quotas of a published policy as records, and ask everyone who signs in to sign their letter.

    Args:
        since: Only periods that begin then or later change: what was attained before is measured as it was.
    Raises:
        Conflict: the policy is not published, or has cells of no period. NotFound: there is none.
    """
    require(actor, Permission.load_facts)
    inputs = workspace_inputs(ws, actor, policy=policy, whole=True)
    held = inputs.held
    if not _published(ws, held.key, held.sha256):
        hint = "Propose it, have it approved by somebody else, and publish it."
        raise Conflict(f"The quota policy '{held.key}' is not published.", hint=hint)
    rows = list(_rows(ws, inputs, since))
    if not rows:
        raise Invalid(f"No period begins on {since} or later.", hint="Name an earlier day, or none.")
    with scratch_folder(ws.data) as folder:
        file = Path(folder) / "quota.csv"
        with file.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([COLUMNS, *rows])
        loaded = load_records(ws, actor, location=file)
    day = ws.calendar.day_of(ws.now())
    written = list(letters(inputs, day=day, company=ws.name, currency=ws.currency))
    with writing(ws, in_turn=True):
        asked = tuple(_ask(ws, actor, inputs, written))
        seals = {letter.node: seal_of(letter) for letter in written}
        subject = f"quota_policy/{held.key}"
        record(ws, actor, "issue_quotas", subject, version=held.version, load=loaded.load_id, seals=seals)
    total = sum((Decimal(r[4]) for r in rows), Decimal(0))
    return Issued(held.key, held.version, loaded.load_id, len(rows), total, since, asked)


def my_letter(ws: Workspace, actor: Actor, *, policy: str = "", node: str = "") -> Letter:
    """One's own letter, or that of somebody below; the text it binds to is the policy in force.

    Raises:
        NotFound: there is none, or the actor may not see it.
    """
    require(actor, Permission.view_policies)
    whose = node or actor.user_id or ""
    inputs = workspace_inputs(ws, operator(), policy=policy)
    seen = _seen(ws, actor)
    tree = inputs.layout.tree
    if whose not in tree.number or tree.count[tree.number[whose]] or (seen is not None and whose not in seen):
        raise NotFound(f"There is no quota letter for '{whose}'.", hint="Letters are for those who carry a quota.")
    day = ws.calendar.day_of(ws.now())
    only = replace(inputs, visible=None)
    found = next(letters(only, day=day, company=ws.name, currency=ws.currency, only=frozenset({whose})), None)
    if found is None:
        raise NotFound(f"'{whose}' has no quota.", hint="Letters are for those who carry a quota.")
    return found


def acknowledge_quota(ws: Workspace, actor: Actor, *, policy: str = "", seal: str) -> str:
    """Say that one has read one's own letter; the seal is that of the figures and of the policy's text.

    Raises:
        NotFound: one has no letter. StaleVersion: the figures or the policy are others now.
    """
    require(actor, Permission.view_policies)
    letter = my_letter(ws, actor, policy=policy)
    if seal != seal_of(letter):
        raise StaleVersion("Your quota is another than the one you read.", hint="Read the letter, then sign that.")
    with writing(ws, in_turn=True):
        close_commitment(ws, actor, key=f"{KIND}/{letter.node}")
        record(ws, actor, "acknowledge_quota", f"quota/{letter.node}", seal=seal)
    return seal


def signed(ws: Workspace, actor: Actor, *, policy: str = "") -> list[dict[str, Any]]:
    """Who has signed which figures, and whether they are still those of today; of the people the actor may see."""
    require(actor, Permission.run_scenarios)
    inputs = workspace_inputs(ws, actor, policy=policy)
    day = ws.calendar.day_of(ws.now())
    said = _said(ws)
    found = []
    for letter in letters(inputs, day=day, company=ws.name, currency=ws.currency):
        seal, at = seal_of(letter), said.get(letter.node, {})
        state = "signed" if seal in at else "another version signed" if at else "not signed"
        when = at.get(seal) or (max(at.values()) if at else None)
        row = {"user_id": letter.node, "name": letter.person, "amount": Decimal(letter.amount)}
        found.append({**row, "state": state, "at": when, "seal": seal})
    return found


def quotas_are_issued(ws: Workspace) -> bool:
    """Whether quotas were put in force here before."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import AuditEvent

    return bool(AuditEvent.objects.filter(verb="issue_quotas").exists())


def signed_at(ws: Workspace, node: str, seal: str) -> Any:
    """When somebody signed those figures of that version; None where they have not."""
    return _said(ws).get(node, {}).get(seal)


def seal_of(letter: Letter) -> str:
    """What of its stamp does not change with the day: the policy's text and the figures."""
    return letter.stamp.rpartition(" · ")[0]


def _rows(ws: Workspace, inputs: WorkspaceInputs, since: date | None) -> Iterator[tuple[str, ...]]:
    """One a leaf and period, cells of one period added up."""
    sheet = decide(inputs.layout)
    cells, tree = sheet.cells, sheet.tree
    spans = [_span(ws, inputs, dict(zip(cells.columns, key, strict=True))) for key in cells.keys]
    for n in tree.depth_first:
        if tree.count[n]:
            continue
        held: dict[tuple[date, date], int] = defaultdict(int)
        for c, amount in enumerate(sheet.hedged[n].tolist()):
            held[spans[c]] += amount
        for (start, end), amount in sorted(held.items()):
            if since is None or start >= since:
                money = format(cells.money(amount), "f")
                who = (tree.ids[n], inputs.policy.measure)
                yield (*who, start.isoformat(), end.isoformat(), money, ws.currency)


def _span(ws: Workspace, inputs: WorkspaceInputs, cell: Mapping[str, str]) -> tuple[date, date]:
    for name in ("period", "quarter", "month"):
        if name in cell:
            year = inputs.policy.period
            text = f"{year}{cell[name]}" if name == "quarter" and not cell[name][:1].isdigit() else cell[name]
            period = ws.calendar.parse(text)
            return period.start, period.end
    if inputs.policy.period:
        period = ws.calendar.parse(inputs.policy.period)
        return period.start, period.end
    hint = "Give its targets a column period, or the policy a period."
    raise Conflict("The quotas are of no period.", hint=hint)


def _ask(ws: Workspace, actor: Actor, inputs: WorkspaceInputs, written: Sequence[Letter]) -> Iterator[str]:
    """A commitment for each who signs in; one for earlier figures is dropped."""
    logins = _logins(ws)
    said = _said(ws)
    due = ws.now() + timedelta(days=DAYS)
    for letter in written:
        login = logins.get(letter.node)
        if login is None or seal_of(letter) in said.get(letter.node, {}):
            continue
        key = f"{KIND}/{letter.node}"
        drop_commitment(ws, actor, key=key, reason="Another letter takes its place.")
        source = f"policy/quota_policy/{inputs.held.key}@{inputs.held.version}"
        what = {"kind": KIND, "subject": f"quota/{letter.node}", "title": "Read and sign your quota letter"}
        open_commitment(ws, **what, assignee=login, due=due, link="/quota-letter/", source=source, key=key)
        yield login


def _logins(ws: Workspace) -> dict[str, str]:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import User

    return {u.user_id: u.email for u in User.objects.filter(is_active=True) if u.user_id}


def _said(ws: Workspace) -> dict[str, dict[str, Any]]:
    """Node to the seals that were signed, and when."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import AuditEvent

    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for event in AuditEvent.objects.filter(verb="acknowledge_quota").order_by("id"):
        found[event.subject.removeprefix("quota/")][str(event.detail.get("seal"))] = event.at
    return found


def _published(ws: Workspace, key: str, sha256: str) -> bool:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PolicyVersion

    rows = PolicyVersion.objects.filter(kind="quota_policy", key=key, sha256=sha256)
    return bool(rows.exclude(published_at=None).exists())


def _seen(ws: Workspace, actor: Actor) -> frozenset[str] | None:
    from geartrain.services.records.facts import open_facts

    with open_facts(ws, actor) as facts:
        return facts.visible()
