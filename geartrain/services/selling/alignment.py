"""Alignment over the facts: handoffs, the two-sided SLA, the funnel by cohort."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis
import pyarrow as pa

from geartrain.facts import record_types
from geartrain.facts.transforms import end_of, instant
from geartrain.kernel.errors import Invalid
from geartrain.kernel.measure.frame import open_frame
from geartrain.kernel.measure.when import Window
from geartrain.kernel.policy import Policy
from geartrain.kernel.rules import Rule
from geartrain.process.alignment import Cohort, Handed, Week, both_sides, cohorts, hand_over
from geartrain.process.alignment_policy import AlignmentPolicy, Handoff
from geartrain.process.expressions import Reading, over, read_rule
from geartrain.process.scoring import Brief, score
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.changes.backtests import read_draft
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.records.sources import FactSource, source_of
from geartrain.services.selling.process import named
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

KIND = "alignment"
SCORED = "score"
TIMES = ("offered", "accepted", "rejected", "acted", "reached")


@dataclass(frozen=True)
class Alignment:
    """Handoffs offered in `[since, until)`, both sides week by week, and the cohorts that entered in it."""

    policy: Policy
    as_of: date
    since: date | None
    until: date | None
    handoffs: tuple[Handed, ...]
    weeks: tuple[Week, ...]
    cohorts: tuple[Cohort, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {
            "policy": named(self.policy), "as_of": self.as_of, "since": self.since, "until": self.until,
            "handoffs": [h.as_json() for h in self.handoffs], "weeks": [w.as_json() for w in self.weeks],
            "funnel": [c.as_json() for c in self.cohorts],
        }  # fmt: skip


def get_alignment(
    ws: Workspace,
    actor: Actor,
    *,
    policy: str = "default",
    text: str | None = None,
    where: str = "draft",
    since: date | None = None,
    until: date | None = None,
    as_of: date | None = None,
) -> Alignment:
    """How the functions stand to each other.

    Args:
        policy: Key of the alignment policy. text: A draft's YAML instead.
    Raises:
        NotFound: there is no such policy. Invalid: a draft is none, or a rule cannot be read on the records.
    """
    require(actor, Permission.view_records)
    chosen = _chosen(ws, policy, text, where)
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        question = ("alignment", facts.scope(), chosen.sha256, since, until, _graded_by(ws, chosen.spec))
        return remembered(question, lambda: _worked_out(_Asked.of(ws, facts, since, until), chosen))


def _worked_out(asked: _Asked, policy: Policy) -> Alignment:
    spec: AlignmentPolicy = policy.spec
    rows = {h.key: asked.offers(h) for h in spec.handoffs}
    zones, facts = asked.zones(), asked.facts
    now = end_of(facts.as_of, facts.calendar)
    handed = [hand_over(h, rows[h.key], spec.calendar, zones, as_of=now) for h in spec.handoffs]
    weeks = _weeks(asked, spec, rows, zones, now)
    ways = tuple(asked.cohorts(spec))
    return Alignment(policy, facts.as_of, asked.since, asked.until, tuple(handed), tuple(weeks), ways)


def _graded_by(ws: Workspace, spec: AlignmentPolicy) -> str:
    """The text of the lead policy, where its score grades what marketing delivers."""
    if spec.sla.marketing is None or spec.sla.marketing.grade != SCORED:
        return ""
    from geartrain.services.selling.routing import choose_lead_policy

    return choose_lead_policy(ws).sha256


def _chosen(ws: Workspace, key: str, text: str | None, where: str) -> Policy:
    if text is None:
        return current_policies(ws).get(KIND, key)
    draft = read_draft(text, where=where)
    if draft.kind != KIND:
        raise Invalid(f"{where} is a {draft.kind.replace('_', ' ')}, not an alignment policy.")
    return draft


@dataclass
class _Asked:
    """The facts of one question."""

    ws: Workspace
    facts: Facts
    source: FactSource
    since: date | None
    until: date | None

    @classmethod
    def of(cls, ws: Workspace, facts: Facts, since: date | None, until: date | None) -> _Asked:
        """About these facts."""
        return cls(ws, facts, source_of(facts, current_policies(ws)), since, until)

    def offers(self, handoff: Handoff) -> pa.Table:
        """One row per offer, in order."""
        kind = record_types()[handoff.subject]
        owner = kind.owner or kind.key[0]
        table, columns = self._read(handoff.subject, handoff.rules, (*kind.key, owner))
        passed = [columns[f"complete{n}"].fill_null(False).cast("float64") for n in range(len(handoff.complete))]
        told = {
            "id": table[kind.key[0]], "owner": table[owner], "offered": _time(columns["offered"]),
            "passed": sum(passed[1:], passed[0]) / len(passed) if passed else ibis.literal(1.0),
            **{n: _time(columns[n]) for n in TIMES[1:] if n in columns},
            **({"reason": columns["reason"].cast("string")} if "reason" in columns else {}),
        }  # fmt: skip
        whole = table.filter(columns["when"].fill_null(False)).select(**told)
        return self.facts.execute(self._within(whole, "offered").order_by(["offered", "id"]))

    def cohorts(self, spec: AlignmentPolicy) -> list[Cohort]:
        """The funnel of everyone who entered in the window."""
        kind = record_types()[spec.funnel.subject]
        table, columns = self._read(spec.funnel.subject, spec.funnel.rules, kind.key)
        whole = table.select(id=table[kind.key[0]], **{n: _time(c) for n, c in columns.items()})
        rows = self.facts.execute(self._within(whole, "entered").order_by(["entered", "id"]))
        months = [f"{self.facts.calendar.day_of(t):%Y-%m}" for t in rows["entered"].to_pylist()]
        return cohorts(spec.funnel, rows, months, as_of=end_of(self.facts.as_of, self.facts.calendar))

    def extra(self, subject: str, rules: Mapping[str, Rule]) -> dict[str, dict[str, Any]]:
        """Id to more columns."""
        kind = record_types()[subject]
        table, columns = self._read(subject, rules, kind.key)
        rows = self.facts.execute(table.select(id=table[kind.key[0]], **columns)).to_pylist()
        return {r["id"]: r for r in rows}

    def attempts(self, rule: Rule) -> dict[str, list[datetime]]:
        """Lead to the instants of the touches that count, in order."""
        table, columns = self._read("touch", {"counts": rule}, ("touch_id", "lead_id", "occurred_at"))
        hits = table.filter(columns["counts"].fill_null(False) & table.lead_id.notnull())
        found: dict[str, list[datetime]] = defaultdict(list)
        for r in self.facts.execute(hits.select("lead_id", "occurred_at").order_by("occurred_at")).to_pylist():
            found[r["lead_id"]].append(r["occurred_at"])
        return found

    def zones(self) -> dict[str, str]:
        """User to time zone."""
        rows = self.facts.execute(self.facts.raw("user").select("user_id", "time_zone")).to_pylist()
        return {r["user_id"]: r["time_zone"] for r in rows if r["time_zone"]}

    def _read(self, subject: str, rules: Mapping[str, Rule], own: Sequence[str]) -> tuple[ibis.Table, dict[str, Any]]:
        reading = Reading(self.source.types, rules.values(), subject)
        window = Window(date(1970, 1, 1), self.facts.as_of, self.facts.as_of, self.facts.calendar)
        table = open_frame(self.source, subject, window, [*reading.paths.values()], own=(*own, "extra")).table
        named = reading.columns(table, as_of=ibis.literal(self.facts.as_of))
        return table, {k: over(table, rule, named) for k, rule in rules.items()}

    def _within(self, table: ibis.Table, column: str) -> ibis.Table:
        calendar = self.facts.calendar
        table = table.filter(table[column] < instant(end_of(self.facts.as_of, calendar)))
        if self.since:
            table = table.filter(table[column] >= instant(calendar.instant(self.since)))
        return table.filter(table[column] < instant(calendar.instant(self.until))) if self.until else table


def _weeks(
    asked: _Asked, spec: AlignmentPolicy, rows: Mapping[str, pa.Table], zones: Mapping[str, str], now: datetime
) -> list[Week]:
    side = spec.sla.marketing or spec.sla.sales
    if side is None:
        return []
    handoff = next(h for h in spec.handoffs if h.key == side.handoff)
    offers = _graded(asked, spec, handoff, rows[handoff.key])
    attempts = asked.attempts(spec.sla.sales.rule) if spec.sla.sales and spec.sla.sales.attempts else {}
    days = [asked.facts.calendar.day_of(t) for t in offers["offered"].to_pylist()]
    return both_sides(spec, offers, days, attempts, zones, as_of=now)


def _graded(asked: _Asked, spec: AlignmentPolicy, handoff: Handoff, rows: pa.Table) -> pa.Table:
    """The offers with their grade and worth, where marketing owes by them."""
    owes = spec.sla.marketing
    if owes is None or not (owes.grade or owes.value):
        return rows
    told = {"grade": owes.grade if owes.grade != SCORED else "", "value": owes.value}
    rules = {k: read_rule(v, f"sla.marketing.{k}") for k, v in told.items() if v}
    found = asked.extra(handoff.subject, rules) if rules else {}
    ids = rows["id"].to_pylist()
    if owes.grade == SCORED:
        rows = rows.append_column("grade", pa.array(_scores(asked, ids, rows["offered"].to_pylist()), pa.string()))
    elif owes.grade:
        rows = rows.append_column("grade", pa.array([found[i]["grade"] for i in ids], pa.string()))
    if owes.value:
        rows = rows.append_column("value", pa.array([found[i]["value"] for i in ids], pa.decimal128(38, 4)))
    return rows


def _scores(asked: _Asked, ids: Sequence[str], at: Sequence[datetime]) -> list[str | None]:
    """The grade each lead had when it was offered, by the lead policy."""
    from geartrain.services.selling.leads import leads_as_of, scheme_of, touches_of
    from geartrain.services.selling.routing import choose_lead_policy

    scheme = scheme_of(choose_lead_policy(asked.ws))
    now = end_of(asked.facts.as_of, asked.facts.calendar)
    values = {key: v for key, v, _ in leads_as_of(asked.facts, asked.ws, scheme, now, None)}
    touches, brief = touches_of(asked.facts, asked.ws, scheme, now, None), Brief()
    return [
        score(scheme, values[i], touches.get(i, ()), at=t, brief=brief).grade if i in values else None
        for i, t in zip(ids, at, strict=True)
    ]


def _time(column: Any) -> Any:
    """An instant, whatever the source calls one: a column of instants, a day, or text in `extra`."""
    if column.type().is_timestamp():
        return column
    return column.try_cast("timestamp") if column.type().is_string() else column.cast("timestamp")
