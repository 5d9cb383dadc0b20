"""Quotes and contracts: what was changed, who must approve, what was given away, when notice is due."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from geartrain.facts.transforms import end_of
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.measure.frame import open_frame
from geartrain.kernel.measure.when import Window
from geartrain.kernel.policy import Policy
from geartrain.process.approval import ApprovalMatrix, Asked, Line, Quote, asked, leakage
from geartrain.process.contracts import Noticed, Unsynced, notices, unsynced
from geartrain.process.expressions import Reading
from geartrain.services.access import Actor, Permission, require
from geartrain.services.changes.backtests import read_draft
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.records.sources import source_of
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

KIND = "approval_matrix"


@dataclass(frozen=True)
class Revised:
    """A quote with its material revisions, in order: `quantity`, `discount`, …"""

    quote_id: str
    opportunity_id: str
    revisions: int
    log: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {
            "quote_id": self.quote_id,
            "opportunity_id": self.opportunity_id,
            "revisions": self.revisions,
            "revision_count": len(self.log),
            "log": list(self.log),
        }


@dataclass(frozen=True)
class Leak:
    """What was given away beyond one's authority, by currency: unlike ones are not added."""

    currency: str
    quotes: int
    leaking: int
    listed: Decimal
    leakage: Decimal


def choose_matrix(ws: Workspace, *, key: str = "", text: str | None = None, where: str = "draft") -> Policy:
    """The approval matrix asked for.

    Raises:
        NotFound: there is none.
        Invalid: a draft that is none, or several to choose from.
    """
    if text is not None:
        policy = read_draft(text, where=where)
        if policy.kind != KIND:
            raise Invalid(f"{where} is a {policy.kind.replace('_', ' ')}, not an approval matrix.")
        return policy
    policies = current_policies(ws)
    if key:
        return policies.get(KIND, key)
    known = policies.of(KIND)
    if not known:
        raise NotFound(
            "This workspace has no approval matrix.", hint="Write one: geartrain policy new approval_matrix default"
        )
    if len(known) > 1 and "default" not in known:
        raise Invalid(f"There are several approval matrices: {', '.join(known)}.", hint="Name one with --policy.")
    return known.get("default") or next(iter(known.values()))


def list_revisions(
    ws: Workspace, actor: Actor, *, quote: str | None = None, as_of: date | None = None
) -> list[Revised]:
    """Quotes with what changed materially from one revision to the next; order and notes change nothing.

    Raises:
        NotFound: there is no such quote, or the actor may not see it.
    """
    require(actor, Permission.view_records)
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        view = source_of(facts, current_policies(ws)).table("quote_revision")
        view = view.filter(view.quote_id == quote) if quote else view
        rows = facts.execute(view.order_by(["quote_id", "revision"])).to_pylist()
    if quote and not rows:
        raise NotFound(f"There is no quote '{quote}'.")
    by: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by[row["quote_id"]].append(row)
    return [
        Revised(key, of[0]["opportunity_id"], len(of), tuple(r["change"] for r in of if r["is_material"]))
        for key, of in by.items()
    ]


def list_approvals(
    ws: Workspace, actor: Actor, *, policy: Policy, quote: str | None = None, as_of: date | None = None
) -> list[Asked]:
    """What each revision needs: roles to ask, the rows that fire, and what its approval no longer covers.

    Raises:
        NotFound: there is no such quote, or the actor may not see it.
    """
    require(actor, Permission.view_records)
    matrix: ApprovalMatrix = policy.spec
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        quotes = _quotes(facts, ws, matrix, quote)
    if quote and not quotes:
        raise NotFound(f"There is no quote '{quote}'.")
    return [a for key in sorted(quotes) for a in asked(matrix, quotes[key])]


def list_leakage(
    ws: Workspace, actor: Actor, *, policy: Policy, as_of: date | None = None
) -> tuple[list[Leak], list[tuple[Quote, Decimal]]]:
    """Leakage of the last revision of every quote, by currency, and of each that leaks, most first."""
    require(actor, Permission.view_records)
    matrix: ApprovalMatrix = policy.spec
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        quotes = _quotes(facts, ws, matrix, None)
        currency = facts.currency
    last = [max(revisions, key=lambda q: q.revision) for revisions in quotes.values()]
    found = [(q, leakage(matrix, q)) for q in last]
    by: dict[str, list[tuple[Quote, Decimal]]] = defaultdict(list)
    for q, amount in found:
        by[q.currency or currency].append((q, amount))
    totals = [
        Leak(
            key,
            len(of),
            sum(amount > 0 for _, amount in of),
            sum((q.values["list_total"] for q, _ in of), Decimal(0)),
            sum((amount for _, amount in of), Decimal(0)),
        )
        for key, of in sorted(by.items())
    ]
    return totals, sorted((f for f in found if f[1] > 0), key=lambda f: (-f[1], f[0].quote_id))


def list_contracts(
    ws: Workspace, actor: Actor, *, as_of: date | None = None
) -> tuple[date, list[Noticed], list[Unsynced]]:
    """Contracts in force by the day notice is due, and executed ones that no won opportunity bears out."""
    require(actor, Permission.view_records)
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        contracts = facts.execute(facts.table("contract")).to_pylist()
        deals = facts.table("opportunity").select("opportunity_id", "is_won", "amount", "currency")
        known = {d["opportunity_id"]: d for d in facts.execute(deals).to_pylist()}
        return facts.as_of, notices(contracts, as_of=facts.as_of), unsynced(contracts, known)


def _quotes(facts: Facts, ws: Workspace, matrix: ApprovalMatrix, quote: str | None) -> dict[str, list[Quote]]:
    """Every revision made by the end of the day, by quote."""
    source = source_of(facts, current_policies(ws))
    reading = Reading(source.types, [r.rule for r in matrix.rows], "quote")
    dotted = {n: p for n, p in reading.paths.items() if p.steps}
    window = Window(date(1970, 1, 1), facts.as_of, facts.as_of, facts.calendar)
    own = ("quote_id", "revision", "status", "payment_days", "term_months", "currency", "created_at", "extra")
    table = open_frame(source, "quote", window, [*dotted.values()], own=own).table
    table = table.filter(table.created_at < end_of(facts.as_of, facts.calendar))
    table = table.filter(table.quote_id == quote) if quote else table
    lines: dict[tuple[str, int], list[Line]] = defaultdict(list)
    held = facts.table("quote_line")
    held = held.filter(held.quote_id == quote) if quote else held
    for r in facts.execute(held.order_by(["quote_id", "revision", "sku"])).to_pylist():
        line = Line(r["sku"], r["quantity"], r["list_price"], r["net_price"], r["unit_cost"])
        lines[r["quote_id"], r["revision"]].append(line)
    found: dict[str, list[Quote]] = defaultdict(list)
    for r in facts.execute(table.order_by(["quote_id", "revision"])).to_pylist():
        key = r["quote_id"], r["revision"]
        more = {n: r[p.alias] for n, p in dotted.items()}
        terms = r["payment_days"], r["term_months"], r["currency"], r["status"] or ""
        found[key[0]].append(Quote(*key, tuple(lines[key]), *terms, more))
    return dict(found)
