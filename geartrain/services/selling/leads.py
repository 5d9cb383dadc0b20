"""Leads: what they are worth as of an instant, who was in touch in time, which are one and the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis
import pyarrow as pa

from geartrain.facts.transforms import day_of, end_of, instant
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.measure.frame import open_frame
from geartrain.kernel.measure.when import Window
from geartrain.kernel.policy import Policy
from geartrain.kernel.rules import Rule
from geartrain.process.dedupe import Proposal, propose
from geartrain.process.expressions import Reading, over
from geartrain.process.lead_clocks import Answered, run_clocks
from geartrain.process.lead_policy import LeadPolicy, Score
from geartrain.process.scoring import Brief, Scored, Validation, score, validate
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.records.sources import FactSource, source_of
from geartrain.services.selling.process import named
from geartrain.services.selling.routing import choose_lead_policy
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

BY = ("owner", "source", "region", "month")
UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class Scores:
    """Leads with their scores, best grade first, and whether the score told winners from the others."""

    policy: Policy
    as_of: date
    rows: tuple[tuple[str, Scored], ...]
    total: int

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        leads = [{"lead_id": key, **s.as_json()} for key, s in self.rows]
        return {"policy": named(self.policy), "as_of": self.as_of, "total": self.total, "leads": leads}


@dataclass(frozen=True)
class Sla:
    """Clocks of leads as a whole, and by what was asked."""

    policy: Policy
    as_of: date
    leads: int
    whole: Answered
    by: tuple[tuple[str, int, Answered], ...]
    listed: tuple[dict[str, Any], ...]

    def as_json(self, by: str) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        parts = [{by: key, "leads": n, **part.as_json()} for key, n, part in self.by]
        whole = {"policy": named(self.policy), "as_of": self.as_of, "leads": self.leads, "sla": self.whole.as_json()}
        return whole | {"by": by, "groups": parts, "breached": list(self.listed)}


def list_scores(
    ws: Workspace,
    actor: Actor,
    *,
    policy: Policy,
    as_of: date | None = None,
    at: datetime | None = None,
    lead: str | None = None,
    limit: int = 1_000,
) -> Scores:
    """Leads as they are worth at the end of a day, or at an instant (naive UTC).

    Raises:
        NotFound: there is no such lead, or the actor may not see it.
        Invalid: the policy has no score model.
    """
    require(actor, Permission.view_records)
    scheme = scheme_of(policy)
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        when = at or end_of(facts.as_of, facts.calendar)
        rows = leads_as_of(facts, ws, scheme, when, lead)
        if lead is not None and not rows:
            raise NotFound(f"There is no lead '{lead}'.")
        touches = touches_of(facts, ws, scheme, when, lead)
        brief, told = Brief(), {key: values for key, values, _ in rows}
        found = [(key, score(scheme, told[key], touches.get(key, ()), at=when, brief=brief)) for key in told]
        found.sort(key=lambda f: (f[1].grade, -f[1].fit - f[1].engagement, f[0]))
        shown = [(key, score(scheme, told[key], touches.get(key, ()), at=when)) for key, _ in found[:limit]]
        return Scores(policy, facts.as_of, tuple(shown), len(found))


def validate_score(
    ws: Workspace, actor: Actor, *, policy: Policy, since: date, until: date, as_of: date | None = None
) -> Validation:
    """Conversion by the grade that leads created in `[since, until)` had when they were assigned, or created.

    Later touches are not seen: the grade is that of the moment.
    """
    require(actor, Permission.view_records)
    scheme = scheme_of(policy)
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        question = ("score validation", facts.scope(), policy.sha256, since, until)
        return remembered(question, lambda: validate(_outcomes(ws, facts, scheme, since, until)))


def _outcomes(ws: Workspace, facts: Facts, scheme: Score, since: date, until: date) -> list[tuple[str, bool]]:
    last = end_of(facts.as_of, facts.calendar)
    low, high = facts.calendar.instant(since), facts.calendar.instant(until)
    touches, brief = touches_of(facts, ws, scheme, last, None), Brief()
    outcomes = []
    for key, values, row in leads_as_of(facts, ws, scheme, last, None):
        if low <= row["created_at"] < high:
            when = max(row["assigned_at"] or row["created_at"], row["created_at"])
            grade = score(scheme, values, touches.get(key, ()), at=when, brief=brief).grade
            outcomes.append((grade, row["converted_at"] is not None and row["converted_at"] < last))
    return outcomes


def list_sla(
    ws: Workspace,
    actor: Actor,
    *,
    policy: Policy,
    since: date | None = None,
    until: date | None = None,
    as_of: date | None = None,
    by: str = "owner",
    limit: int = 0,
) -> Sla:
    """The clocks of leads created in `[since, until)`: attainment, speed to lead apart from it, and the late ones.

    Raises:
        Invalid: they cannot be cut by that.
    """
    require(actor, Permission.view_records)
    if by not in BY:
        raise Invalid(f"Clocks cannot be cut by '{by}'.", hint=f"One of: {', '.join(BY)}.")
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        # By the whole minute, so that what was worked out a moment ago is not worked out again.
        now = min(end_of(facts.as_of, facts.calendar), ws.now().replace(second=0, microsecond=0))
        question = ("lead clocks", facts.scope(), now, policy.sha256, since, until, by, limit)
        return remembered(question, lambda: _clocked(ws, facts, policy, since, until, by, limit, now))


def _clocked(
    ws: Workspace, facts: Facts, policy: Policy, since: date | None, until: date | None, by: str, limit: int,
    now: datetime,
) -> Sla:  # fmt: skip
    spec: LeadPolicy = policy.spec
    leads = _answered(facts, ws, spec, since, until, by, now)
    users = facts.execute(facts.raw("user").select("user_id", "time_zone")).to_pylist()
    zones = {u["user_id"]: u["time_zone"] for u in users if u["time_zone"]}
    clocks, whole = run_clocks(spec.sla, leads, zones=zones, as_of=now)
    groups: dict[str, list[int]] = defaultdict(list)
    for n, key in enumerate(leads["group"].to_pylist()):
        groups[key or UNKNOWN].append(n)
    parts = []
    for key in sorted(groups):
        part = leads.take(pa.array(groups[key]))
        parts.append((key, len(groups[key]), run_clocks(spec.sla, part, zones=zones, as_of=now)[1]))
    late = [n for n, state in enumerate(clocks.state.tolist()) if state == "breached"][:limit]
    listed = []
    for n in late:
        row = {c: leads[c][n].as_py() for c in ("lead_id", "owner_id", "assigned_at", "touched_at")}
        listed.append(row | {"due_at": clocks.due[n].item(), "elapsed_hours": round(float(clocks.elapsed_hours[n]), 2)})
    count = sum(leads["last"].to_pylist())
    return Sla(policy, facts.as_of, count, whole, tuple(parts), tuple(listed))


def list_duplicates(
    ws: Workspace, actor: Actor, *, policy: Policy, as_of: date | None = None
) -> tuple[int, list[Proposal]]:
    """How many leads there are, and which of them are proposed to be merged; nothing is merged by this."""
    require(actor, Permission.view_records)
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:

        def work() -> tuple[int, list[Proposal]]:
            rows = facts.execute(facts.table("lead").order_by("lead_id")).to_pylist()
            return len(rows), propose(policy.spec.dedupe, rows)

        return remembered(("lead duplicates", facts.scope(), policy.sha256), work)


def unrouted(ws: Workspace, actor: Actor, *, lead: str | None = None, limit: int = 1_000) -> list[dict[str, Any]]:
    """Leads that nobody owns, the oldest first; or the one asked for, whoever owns it.

    Raises:
        NotFound: there is no such lead, or the actor may not see it.
    """
    require(actor, Permission.view_records)
    with open_facts(ws, actor) as facts:
        leads = facts.table("lead")
        picked = leads.filter(leads.lead_id == lead) if lead else leads.filter(leads.owner_id.isnull())
        names = [c.name for c in facts.types["lead"].columns]
        rows = facts.execute(picked.order_by(["created_at", "lead_id"]).limit(limit).select(names)).to_pylist()
    if lead and not rows:
        raise NotFound(f"There is no lead '{lead}'.")
    return rows


def policy_for_leads(ws: Workspace, *, key: str = "", text: str | None = None, where: str = "draft") -> Policy:
    """The lead policy asked for."""
    return choose_lead_policy(ws, key=key, text=text, where=where)


def scheme_of(policy: Policy) -> Score:
    """The score model of a lead policy. Raises: Invalid: it has none."""
    spec: LeadPolicy = policy.spec
    if spec.score is None:
        raise Invalid(f"{policy.where}: the lead policy '{policy.key}' has no score model.", hint="Add `score:`.")
    return spec.score


def _source(facts: Facts, ws: Workspace) -> FactSource:
    return source_of(facts, current_policies(ws))


def _framed(
    facts: Facts, source: FactSource, name: str, rules: list[Rule], own: tuple[str, ...]
) -> tuple[Reading, ibis.Table]:
    reading = Reading(source.types, rules, name)
    window = Window(date(1970, 1, 1), facts.as_of, facts.as_of, facts.calendar)
    return reading, open_frame(source, name, window, [*reading.paths.values()], own=(*own, "extra")).table


def leads_as_of(
    facts: Facts, ws: Workspace, scheme: Score, at: datetime, lead: str | None
) -> list[tuple[str, Any, Any]]:
    """(id, values for the rules, row) of the leads created up to an instant."""
    rules = [p.rule for g in scheme.fit.groups for p in g.rules]
    own = ("lead_id", "created_at", "assigned_at", "converted_at")
    reading, table = _framed(facts, _source(facts, ws), "lead", rules, own)
    table = table.filter(table.created_at < instant(at))
    rows = facts.execute(table.filter(table.lead_id == lead) if lead else table).to_pylist()
    return [(r["lead_id"], reading.values(r, as_of=facts.as_of), r) for r in rows]


def touches_of(facts: Facts, ws: Workspace, scheme: Score, at: datetime, lead: str | None) -> dict[str, list[Any]]:
    """What each lead did up to an instant, in order."""
    rules = [p.rule for p in scheme.engagement.events]
    own = ("touch_id", "lead_id", "occurred_at", "kind")
    reading, table = _framed(facts, _source(facts, ws), "touch", rules, own)
    table = table.filter(table.lead_id.notnull() & (table.occurred_at < instant(at)))
    table = table.filter(table.lead_id == lead) if lead else table
    found: dict[str, list[Any]] = defaultdict(list)
    for r in facts.execute(table.order_by(["occurred_at", "touch_id"])).to_pylist():
        kept = {"occurred_at": r["occurred_at"], "kind": r["kind"]}
        found[r["lead_id"]].append(reading.values(r, as_of=facts.as_of) | kept)
    return found


def _answered(
    facts: Facts, ws: Workspace, spec: LeadPolicy, since: date | None, until: date | None, by: str, now: datetime
) -> pa.Table:
    """Leads with their first human touch: of the touches the rule counts, or what the lead itself says, the earlier."""
    source = _source(facts, ws)
    reading, touches = _framed(facts, source, "touch", [spec.sla.rule], ("touch_id", "lead_id", "occurred_at"))
    counts = over(touches, spec.sla.rule, reading.columns(touches, as_of=ibis.literal(facts.as_of))).fill_null(False)
    human = touches.filter(counts & touches.lead_id.notnull() & (touches.occurred_at < instant(now)))
    leads = facts.table("lead")
    leads = leads.filter(leads.created_at < instant(now))
    if since:
        leads = leads.filter(leads.created_at >= instant(facts.calendar.instant(since)))
    if until:
        leads = leads.filter(leads.created_at < instant(facts.calendar.instant(until)))
    spans = leads.select("lead_id", "first_touch_at", since="created_at", until=ibis.null("timestamp"))
    spoken = _first(spans, human).select(talked="lead_id", spoken_at="hit")
    given = _assignments(facts, leads)
    both = leads.inner_join(given, leads.lead_id == given.given).left_join(spoken, leads.lead_id == spoken.talked)
    touched = _first(both.select("lead_id", "first_touch_at", "since", "until"), human)
    touched = touched.select(of="lead_id", at="since", touched_at="hit")
    both = both.left_join(touched, (both.lead_id == touched.of) & both.since.identical_to(touched["at"]))
    month = day_of(both.created_at, facts.calendar).strftime("%Y-%m")
    group = {"owner": both.whose, "source": both.source, "region": both.region, "month": month}[by]
    picked = both.select(
        "lead_id", "created_at", "touched_at", "spoken_at", "first", "last",
        owner_id="whose", assigned_at="since", passed_at="until", group=group,
    )  # fmt: skip
    return facts.execute(picked.order_by(["created_at", "lead_id", "assigned_at"]))


def _assignments(facts: Facts, leads: ibis.Table) -> ibis.Table:
    """Every owner that a lead had, from when to when, as its versions tell; the last one of each is marked.

    A lead that nobody was given has one row without an instant.
    """
    versions = facts.snapshot.versions("lead").semi_join(leads, "lead_id")
    if facts.known_as_of is not None:
        versions = versions.filter(versions.recorded_at <= facts.known_as_of)
    known = versions.filter(versions.assigned_at.notnull() & versions.owner_id.notnull())
    given = known.group_by(["lead_id", "assigned_at"]).aggregate(whose=known.owner_id.argmax(known.load_id))
    none = leads.anti_join(given, "lead_id").select("lead_id", "assigned_at", whose="owner_id")
    whole = given.union(none)
    turn = ibis.window(group_by="lead_id", order_by="assigned_at")
    told = whole.mutate(until=whole.assigned_at.lead().over(turn))
    told = told.mutate(first=whole.assigned_at.lag().over(turn).isnull(), last=told.until.isnull())
    return told.select("whose", "until", "first", "last", given="lead_id", since="assigned_at")


def _first(spans: ibis.Table, human: ibis.Table) -> ibis.Table:
    """The first human touch within each span of a lead: of the touches that count, or what the lead itself says."""
    own = human.select(of="lead_id", occurred_at="occurred_at")
    hits = spans.left_join(own, spans.lead_id == own.of)
    said = ibis.cases((_within(hits.first_touch_at, hits), hits.first_touch_at))
    done = ibis.cases((_within(hits.occurred_at, hits), hits.occurred_at))
    found = hits.mutate(said=said, done=done).group_by(["lead_id", "since"])
    both = found.aggregate(said=lambda t: t.said.min(), done=lambda t: t.done.min())
    return both.select("lead_id", "since", hit=ibis.coalesce(ibis.least(both.said, both.done), both.said, both.done))


def _within(at: Any, span: ibis.Table) -> Any:
    return (span.since.isnull() | (at >= span.since)) & (span.until.isnull() | (at < span.until))
