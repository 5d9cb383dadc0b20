"""One deal as a case of the sales process: what happened, what was recorded when, and where it left the process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from geartrain.kernel.errors import NotFound
from geartrain.kernel.policy import Policy
from geartrain.process.conformance import Found, deviations_of
from geartrain.process.gates import Gate
from geartrain.process.standing import standings
from geartrain.services.access import Actor, Permission, require
from geartrain.services.selling.process import Asked, Opened, named, open_process
from geartrain.services.workspace import Workspace

FIELDS = {"amount": "Amount", "close_date": "Close date", "owner_id": "Owner", "forecast_category": "Forecast category"}
TRUTHS = {True: "true", False: "not true", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to a deal.

    Args:
        at: Naive UTC: when it became known, which for evidence may be later than it was so.
        kind: created, stage, change, evidence, waiver or quote.
        text: In words.
        detail: Who says so, and where it is written.
        deviations: What of the process this moment left, in words.
    """

    at: datetime
    kind: str
    text: str
    detail: str = ""
    deviations: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {n: getattr(self, n) for n in ("at", "kind", "text", "detail")} | {"deviations": list(self.deviations)}


@dataclass(frozen=True)
class Case:
    """A deal's whole history under a process.

    Args:
        deal: Its columns as they stand now.
        owner: What its owner is called.
        gates: Of each open stage, for a deal that is open; empty for one that has left the process.
        deviations: All of them; those without a moment of their own are of the deal as a whole.
    """

    policy: Policy
    as_of: date
    deal: Mapping[str, Any]
    owner: str
    happened: tuple[Happened, ...]
    deviations: tuple[Found, ...]
    gates: tuple[Gate, ...]
    declared: int | None
    earned: int | None

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {
            "policy": named(self.policy),
            "as_of": self.as_of,
            "opportunity": {k: self.deal[k] for k in ("opportunity_id", "name", "type", "owner_id", "stage", "amount")},
            "declared": self.declared,
            "earned": self.earned,
            "gates": [g.as_json() for g in self.gates],
            "deviations": [d.as_json() for d in self.deviations],
            "timeline": [h.as_json() for h in self.happened],
        }


def get_case(ws: Workspace, actor: Actor, *, opportunity: str, asked: Asked | None = None) -> Case:
    """Everything that happened to a deal, in order, with dated evidence and what deviates.

    Raises:
        NotFound: there is no such opportunity, to the actor; or no process.
    """
    require(actor, Permission.view_records)
    with open_process(ws, actor, asked or Asked()) as opened:
        table = opened.log.source.table("opportunity")
        found = opened.facts.execute(table.filter(table.opportunity_id == opportunity)).to_pylist()
        if not found:
            raise NotFound(f"There is no opportunity '{opportunity}'.", hint="List them: geartrain records opportunity")
        strayed = deviations_of(opened.log, opportunity)
        stood = standings(opened.log, evidence=opened.evidence, waivers=opened.waivers, opportunity=opportunity)
        events = sorted(_events(opened, found[0], strayed), key=lambda h: (h.at, ORDER.index(h.kind), h.text))
        standing = stood[0].standing if stood else None
        owner = opened.facts.names().get(found[0]["owner_id"], "")
        return Case(
            opened.policy, opened.facts.as_of, found[0], owner, tuple(events), tuple(strayed),
            standing.gates if standing else (), standing.declared if standing else None,
            standing.earned if standing else None,
        )  # fmt: skip


ORDER = ("created", "change", "evidence", "waiver", "quote", "stage")


def _events(opened: Opened, deal: Mapping[str, Any], strayed: list[Found]) -> Iterator[Happened]:
    key, cut, process = deal["opportunity_id"], opened.log.cut, opened.process
    labels = {a.key: a.label for a in process.attributes}
    yield Happened(deal["created_at"], "created", "The deal was opened")
    names = opened.facts.names()
    changes = opened.log.changes
    own = changes.filter((changes.opportunity_id == key) & (changes.changed_at < cut))
    by = {d.at: [x.words for x in strayed if x.at == d.at] for d in strayed if d.at is not None}
    for c in opened.facts.execute(own.order_by("changed_at")).to_pylist():
        old, new = (names.get(c[v], c[v]) if c["field"] == "owner_id" else c[v] for v in ("old_value", "new_value"))
        step = f"{old} → {new or 'nothing'}" if old else f"{new or 'nothing'}"
        who = f"by {names.get(c['changed_by'], c['changed_by'])}" if c.get("changed_by") else ""
        if c["field"] == "stage":
            text = f"Stage: {step}" if c["old_value"] else f"Came into {c['new_value']}"
            yield Happened(c["changed_at"], "stage", text, who, tuple(by.pop(c["changed_at"], ())))
        else:
            yield Happened(c["changed_at"], "change", f"{FIELDS.get(c['field'], c['field'])}: {step}", who)
    for e in opened.evidence:
        if e.opportunity == key and e.recorded_at < cut:
            since = f"; so since {e.occurred_at:%Y-%m-%d}" if e.occurred_at and e.occurred_at != e.recorded_at else ""
            said = " ".join(x for x in (f"by {e.by}" if e.by else "", e.source_ref) if x)
            text = f"{labels.get(e.attribute_key, e.attribute_key)}: {TRUTHS[e.value]}{since}"
            yield Happened(e.recorded_at, "evidence", text, said)
    for w in opened.waivers:
        if w.opportunity == key:
            until = f", until {w.expires:%Y-%m-%d}" if w.expires else ""
            text = f"Waived: {labels.get(w.attribute_key, w.attribute_key)}{until}"
            yield Happened(w.granted_at or deal["created_at"], "waiver", text, f"by {w.by}: {w.reason}")
    quotes = opened.log.source.table("quote")
    mine = quotes.filter((quotes.opportunity_id == key) & (quotes.created_at < cut))
    for q in opened.facts.execute(mine.order_by("created_at")).to_pylist():
        yield Happened(q["created_at"], "quote", f"Quote {q['number']}, revision {q['revision']}: {q['status']}")
