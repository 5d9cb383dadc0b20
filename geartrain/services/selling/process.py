"""The sales process over the facts: is the policy readable, do deals follow it, where do they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Policy, PolicySet, read_document
from geartrain.kernel.policy.policy import closest
from geartrain.kernel.rules.columns import json_text
from geartrain.process.conformance import Conformed, Log, conformance, issues_of, unmapped_stages
from geartrain.process.event_log import as_csv, as_xes
from geartrain.process.exits import evidence_table, waiver_table
from geartrain.process.gates import Evidence, Waiver
from geartrain.process.given import evidence_rows, read_evidence, read_waivers, waiver_rows
from geartrain.process.sales_process import SalesProcess
from geartrain.process.standing import Inflated, Stood, inflated_pipeline, standings
from geartrain.process.usefulness import Usefulness, usefulness
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.changes.backtests import read_draft
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.records.sources import FactSource, source_of
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

KIND = "sales_process"
SHIPPED = "geartrain/"


@dataclass(frozen=True)
class Asked:
    """Which process over which part of the history.

    Args:
        policy: Key of the policy; empty: the only one there is, of several the one called `default`.
        text, where: A draft's YAML instead, and what messages call it.
        since, until: `[since, until)`; None: from the beginning, to the end of `as_of`.
        evidence, waivers: Texts of CSV files beside the records, each with its name.
    """

    policy: str = ""
    text: str | None = None
    where: str = "draft"
    since: date | None = None
    until: date | None = None
    as_of: date | None = None
    evidence: tuple[str, str] | None = None
    waivers: tuple[str, str] | None = None

    @property
    def key(self) -> str:
        """Hash of what was given besides the facts and the policy."""
        return sha256(repr((self.since, self.until, self.evidence, self.waivers)).encode()).hexdigest()


@dataclass
class Opened:
    """A process with the history it is asked about."""

    policy: Policy
    facts: Facts
    log: Log
    evidence: list[Evidence]
    waivers: list[Waiver]

    @property
    def process(self) -> SalesProcess:
        """What the policy says."""
        spec = self.policy.spec
        assert isinstance(spec, SalesProcess)
        return spec


@dataclass(frozen=True)
class Checked:
    """A process and what is doubtful about it over these facts."""

    policy: Policy
    issues: tuple[Issue, ...]

    @property
    def ok(self) -> bool:
        """No error among the issues."""
        return all(i.level != Level.error for i in self.issues)


@dataclass(frozen=True)
class Followed:
    """How deals followed a process."""

    policy: Policy
    as_of: date
    facts: str
    found: Conformed
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        found = self.found
        return {
            "policy": named(self.policy),
            "as_of": self.as_of,
            "facts": self.facts,
            "cases": found.cases,
            "moves": found.moves,
            "conforming": found.conforming,
            "conforming_share": found.share,
            "counts": dict(found.counts),
            "unknown_exits": found.unknown_exits,
            "waived_exits": found.waived_exits,
            "unassessed": dict(found.unassessed),
            "flow": [{"from": a, "to": b, "moves": n} for (a, b), n in found.flow.items()],
            "unknown": [
                {"opportunity_id": o, "at": at, "stage": s, "attributes": a.split(",")} for o, at, s, a in found.unknown
            ],
            "deviations": [d.as_json() for d in found.deviations],
            "listed": len(found.deviations),
            "total": found.total,
            "issues": [i.as_json() for i in self.issues],
        }


@dataclass(frozen=True)
class Where:
    """Where the open deals stand."""

    policy: Policy
    as_of: date
    deals: tuple[Stood, ...]
    inflated: tuple[Inflated, ...]

    def as_json(self, *, limit: int, only_inflated: bool = False) -> dict[str, Any]:
        """The shape the command and the API answer with; totals are over all."""
        listed = [d for d in self.deals if not only_inflated or (d.standing.inflation or 0) > 0][:limit]
        totals = [
            {
                "currency": i.currency,
                "opportunities": i.deals,
                "inflated_opportunities": i.inflated_deals,
                "pipeline": i.pipeline,
                "inflated_pipeline": i.inflated,
                "inflated_share": i.share,
                "without_amount": i.without_amount,
            }
            for i in self.inflated
        ]
        whole = {"policy": named(self.policy), "as_of": self.as_of, "totals": totals, "listed": len(listed)}
        return whole | {"total": len(self.deals), "opportunities": [d.as_json() for d in listed]}


def named(policy: Policy) -> dict[str, Any]:
    """A policy as answers name it."""
    keys = ("kind", "key", "version", "sha256", "where")
    return {k: getattr(policy, k) for k in keys}


def choose_process(ws: Workspace, asked: Asked) -> Policy:
    """The process that is asked for.

    Raises:
        NotFound: there is none; the hint says how to write one.
        Invalid: a draft that is no sales process, or several to choose from.
    """
    if asked.text is not None:
        policy = read_draft(asked.text, where=asked.where)
        if policy.kind != KIND:
            raise Invalid(f"{asked.where} is a {policy.kind.replace('_', ' ')}, not a sales process.")
        return policy
    known = current_policies(ws).of(KIND)
    if asked.policy:
        return current_policies(ws).get(KIND, asked.policy)
    if not known:
        broken = current_policies(ws).broken(KIND)
        if broken:
            raise Invalid(
                f"There is no sales process that can be read. {broken[0].where}: {broken[0].message}",
                hint=broken[0].hint,
            )
        hint = "Write one: geartrain policy new sales_process default"
        raise NotFound("This workspace has no sales process.", hint=hint)
    own = {k: p for k, p in known.items() if not p.where.startswith(SHIPPED)} or known
    if len(own) > 1 and "default" not in own:
        raise Invalid(f"There are several sales processes: {', '.join(own)}.", hint="Name one with --policy.")
    return own.get("default") or next(iter(own.values()))


@contextmanager
def open_process(ws: Workspace, actor: Actor, asked: Asked) -> Iterator[Opened]:
    """The process with the history the actor may see, until the block is left."""
    policy = choose_process(ws, asked)
    if asked.since and asked.until and asked.since >= asked.until:
        raise Invalid(
            f"The window from {asked.since} to {asked.until} is empty.", hint="--to is the day after the last."
        )
    policies = PolicySet({(KIND, policy.key): policy}).over(current_policies(ws))
    with open_facts(ws, actor, as_of=asked.as_of or last_day(ws, actor)) as facts:
        source = source_of(facts, policies)
        evidence, waivers = _given(facts, source, asked)
        log = Log(
            process=policy.spec,
            source=source,
            evidence=evidence_table(evidence),
            waivers=waiver_table(waivers),
            since=asked.since,
            until=asked.until,
            keep=facts.snapshot.keep,
            key=repr((policy.sha256, facts.scope(pay_read=False), asked.key)),
        )
        yield Opened(policy, facts, log, evidence, waivers)


def _given(facts: Facts, source: FactSource, asked: Asked) -> tuple[list[Evidence], list[Waiver]]:
    """Evidence and waivers of the records and of the files given beside them."""
    table = source.table("evidence")
    table = table.mutate(said_recorded_at=json_text(table.extra, "recorded_at"))
    evidence = evidence_rows(facts.execute(table).to_pylist(), facts.calendar)
    waivers = waiver_rows(facts.execute(source.table("waiver")).to_pylist())
    if asked.evidence:
        evidence += read_evidence(*asked.evidence, facts.calendar)
    if asked.waivers:
        waivers += read_waivers(*asked.waivers, facts.calendar)
    return evidence, waivers


def check_process(ws: Workspace, actor: Actor, *, asked: Asked) -> Checked:
    """What is doubtful about a process over these facts: columns and stages that are not there, evidence of nothing."""
    require(actor, Permission.view_records)
    with open_process(ws, actor, asked) as opened:
        found = [*_columns(opened), *_evidence(opened), *_stages(opened)]
    return Checked(opened.policy, tuple(found))


def preview_conformance(
    ws: Workspace, actor: Actor, *, asked: Asked, kinds: tuple[str, ...] = (), limit: int = 10_000, newest: bool = False
) -> Followed:
    """Where deals left the process within the window.

    Args:
        kinds: List only these deviations; none: all. Totals are over all.
        limit: List at most so many.
        newest: The latest of them rather than the first by id.
    """
    require(actor, Permission.view_records)
    with open_process(ws, actor, asked) as opened:
        key = ("conformance", opened.log.key, opened.facts.scope(pay_read=False), kinds, limit, newest)
        found = remembered(key, lambda: conformance(opened.log, kinds=kinds, limit=limit, newest=newest))
        issues = issues_of(opened.process, found, opened.policy.where)
        return Followed(opened.policy, opened.facts.as_of, opened.facts.id, found, tuple(issues))


def preview_gates(ws: Workspace, actor: Actor, *, asked: Asked, opportunity: str | None = None) -> Where:
    """Declared and earned stage of the open deals, or of one.

    Raises:
        NotFound: there is no such open deal, or the actor may not see it.
    """
    require(actor, Permission.view_records)
    with open_process(ws, actor, asked) as opened:
        found = standings(opened.log, evidence=opened.evidence, waivers=opened.waivers, opportunity=opportunity)
        if opportunity is not None and not found:
            raise NotFound(f"There is no open opportunity '{opportunity}'.", hint="Closed ones have left the process.")
        sums = inflated_pipeline(found, currency=opened.facts.currency)
        return Where(opened.policy, opened.facts.as_of, tuple(found), tuple(sums))


def explain_attributes(ws: Workspace, actor: Actor, *, asked: Asked) -> tuple[Policy, list[Usefulness]]:
    """Whether deals that had an attribute when they left its stage were won more often."""
    require(actor, Permission.view_records)
    with open_process(ws, actor, asked) as opened:
        return opened.policy, usefulness(opened.log)


def export_events(ws: Workspace, actor: Actor, *, asked: Asked, form: str) -> Iterator[str]:
    """The event log as `xes` or `csv`, piece by piece; stages the process does not know keep the CRM's name."""
    require(actor, Permission.export)
    with open_process(ws, actor, asked) as opened:
        rows = opened.log.visits
        listed = rows.order_by(["opportunity_id", "at", "seq"]).select(
            case_id="opportunity_id", activity=rows.stage.fill_null(rows.said), timestamp="at", resource="owner_id",
            type="type", crm_stage="said",
        )  # fmt: skip
        events = (row for batch in opened.facts.execute(listed).to_batches() for row in batch.to_pylist())
        yield from as_xes(events, name=opened.policy.name) if form == "xes" else as_csv(events)


def _line(policy: Policy, path: Sequence[Any]) -> str:
    document, _ = read_document(policy.body, policy.where)
    return f"{policy.where}:{document.line(path) if document else 1}"


def _columns(opened: Opened) -> Iterator[Issue]:
    """Names in rules that are no column: unknown on every deal that carries nothing of that name."""
    loose, types = opened.log.reading.loose, opened.facts.types
    known = [c.name for c in types["opportunity"].columns]
    rules = [("attributes", n, "expr", a.rule) for n, a in enumerate(opened.process.attributes) if a.rule]
    rules += [("bindings", n, "when", b.rule) for n, b in enumerate(opened.process.bindings)]
    for part, n, name, rule in rules:
        for field in sorted(rule.fields & set(loose)):
            near = closest(field, known)
            hint = f"Did you mean '{near}'? " if near else ""
            said = f"'{field}' is no column of opportunities; it is read from what else a source carries, else unknown."
            where = _line(opened.policy, ["spec", part, n, name])
            yield Issue("unknown_column", Level.warning, said, where, f"{hint}Load it, or write extra.{field}.")


def _evidence(opened: Opened) -> Iterator[Issue]:
    known = {a.key for a in opened.process.attributes}
    for key in sorted({e.attribute_key for e in opened.evidence} - known):
        n = sum(e.attribute_key == key for e in opened.evidence)
        near = closest(key, known)
        said = f"{n:,} rows of evidence are about the attribute '{key}', which the process does not have."
        hint = f"Did you mean '{near}'?" if near else "Add the attribute, or leave the evidence be."
        yield Issue("attribute_unknown", Level.warning, said, "evidence", hint)
    bound = {b.attribute for b in opened.process.bindings}
    for n, attribute in enumerate(opened.process.attributes):
        if attribute.key not in bound:
            said = f"No stage asks for the attribute '{attribute.key}'."
            where = _line(opened.policy, ["spec", "attributes", n])
            yield Issue("attribute_unbound", Level.info, said, where, "Bind it to a stage, or retire it.")


def _stages(opened: Opened) -> Iterator[Issue]:
    spine = ", ".join(s.key for s in opened.process.spine)
    for stage, n in unmapped_stages(opened.log).items():
        said = f"{n:,} deals came into the stage '{stage}', which the process does not know."
        hint = f"Map it under `pipelines`, or name it in the spine ({spine})."
        yield Issue("stage_unmapped", Level.warning, said, _line(opened.policy, ["spec", "spine"]), hint)
