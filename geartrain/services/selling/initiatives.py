"""Initiatives: where each stands, what waits for a decision, and whether the metric moved after going live."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy.policy import read_policy
from geartrain.process.initiatives import Initiative, Milestone, Reading, Stage, late, reached, stage_of
from geartrain.services.access import Actor, Permission, require
from geartrain.services.governance import get_policy, list_policies
from geartrain.services.measures.metrics import query_metrics
from geartrain.services.policies import current_policies, policy_kinds
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

KIND = "initiative"
DECIDE_WITHIN = timedelta(days=14)  # of being proposed: the answer that people who ask for something are owed


@dataclass(frozen=True)
class Standing:
    """One initiative.

    Args:
        waits_since: When the text that waits for a decision was proposed; None where none does.
        decide_by: Until when that is to be decided.
    """

    key: str
    name: str
    owner: str
    spec: Initiative
    stage: Stage
    reading: Reading
    unit: str
    late: tuple[Milestone, ...]
    waits_since: datetime | None = None
    decide_by: datetime | None = None
    overdue: bool = False

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        spec = self.spec
        return {
            "key": self.key, "name": self.name, "owner": self.owner, "stage": self.stage, "goal": spec.goal,
            "problem": spec.problem, "metric": spec.metric, "unit": self.unit, "baseline": self.reading.baseline,
            "target": spec.target, "value": self.reading.value, "reached": self.reading.reached, "cost": spec.cost,
            "rice": spec.rice.score if spec.rice else None, "begin": spec.begin, "go_live": spec.go_live,
            "read_on": spec.read_on, "late": [m.name for m in self.late], "changes": list(spec.changes),
            "link": spec.link, "stopped": spec.stopped.reason if spec.stopped else None,
            "waits_since": self.waits_since, "decide_by": self.decide_by, "overdue": self.overdue,
        }  # fmt: skip


@dataclass(frozen=True)
class Intake:
    """All of them, what is most worth first within a stage."""

    as_of: date
    initiatives: tuple[Standing, ...]
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        stages = Counter(str(s.stage) for s in self.initiatives)
        return {
            "as_of": self.as_of,
            "stages": {str(s): stages[str(s)] for s in Stage},
            "cost": sum((s.spec.cost for s in self.initiatives if s.stage is not Stage.stopped), Decimal(0)),
            "initiatives": [s.as_json() for s in self.initiatives],
            "issues": [i.as_json() for i in self.issues],
        }


def list_initiatives(ws: Workspace, actor: Actor, *, as_of: date | None = None, stage: str | None = None) -> Intake:
    """Every initiative the actor may see, proposed ones first, and within a stage the highest RICE score.

    A metric or a goal that there is not is an issue of the answer.

    Args:
        stage: Only those of one stage.
    Raises:
        Invalid: there is no such stage.
    """
    require(actor, Permission.view_policies)
    if stage is not None and stage not in list(Stage):
        raise Invalid(f"'{stage}' is no stage.", hint=f"One of: {', '.join(Stage)}.")
    on = as_of or last_day(ws, actor)
    issues: list[Issue] = []
    found = []
    for row in list_policies(ws, actor, kind=KIND):
        if row.status == "retired" and not row.source:
            continue
        held = bool(row.source)
        text = get_policy(ws, actor, kind=KIND, key=row.key, version=None if held else row.open_version or row.version)
        policy, wrong = read_policy(text.body, text.where, policy_kinds())
        issues += wrong
        if policy is None:
            continue
        waits = _waits(text.versions) if row.open_status == "in_review" else None
        found.append(_standing(ws, actor, policy.envelope, on, held=held, waits=waits, issues=issues))
    found = [s for s in found if stage in (None, s.stage)]
    order = list(Stage)
    found.sort(key=lambda s: (order.index(s.stage), -(s.spec.rice.score if s.spec.rice else Decimal(0)), s.key))
    return Intake(on, tuple(found), tuple(issues))


def _waits(versions: Any) -> datetime | None:
    return next((v.proposed_at or v.created_at for v in versions if str(v.status) == "in_review"), None)


def _standing(
    ws: Workspace, actor: Actor, envelope: Any, on: date, *, held: bool, waits: datetime | None, issues: list[Issue]
) -> Standing:
    spec: Initiative = envelope.spec
    metrics = current_policies(ws).of("metric")
    goals = current_policies(ws).of("corporate_goals")
    if spec.metric not in metrics:
        message = f"{envelope.name} is to be read by the metric '{spec.metric}', which there is not."
        issues.append(Issue("initiative_metric_unknown", Level.error, message, f"{KIND}/{envelope.key}/metric",
                            "Name a metric of: geartrain metrics list"))  # fmt: skip
        reading, unit = Reading(spec.baseline, None, None), ""
    else:
        metric = metrics[spec.metric].envelope
        unit = str(metric.unit)
        reading = _reading(ws, actor, spec, on, direction=str(metric.direction))
    known = {g.key for p in goals.values() for g in p.envelope.spec.goals}
    if spec.goal and spec.goal not in known:
        message = f"{envelope.name} serves the goal '{spec.goal}', which there is not."
        hint = f"One of: {', '.join(sorted(known)) or 'none yet'}."
        issues.append(Issue("initiative_goal_unknown", Level.warning, message, f"{KIND}/{envelope.key}/goal", hint))
    decide_by = waits + DECIDE_WITHIN if waits else None
    return Standing(
        envelope.key, envelope.name, envelope.owner, spec,
        stage_of(spec, on, in_force=held, reading=reading.reached), reading, unit, late(spec, on), waits, decide_by,
        decide_by is not None and ws.now() > decide_by,
    )  # fmt: skip


def _reading(ws: Workspace, actor: Actor, spec: Initiative, on: date, *, direction: str) -> Reading:
    """The metric over the weeks after going live as far as they have passed, and over as many before."""
    if spec.go_live is None or spec.read_on is None:
        return Reading(spec.baseline, None, None)
    span, until = spec.read_on - spec.go_live, min(spec.read_on, on + timedelta(days=1))

    def value(since: date, end: date) -> Decimal | None:
        if since >= end:
            return None
        seen = min(on, end - timedelta(days=1))
        answer = query_metrics(ws, actor, keys=[spec.metric], since=since, until=end, where=spec.where, as_of=seen)
        number = answer.rows[0][-1] if answer.rows else None
        return None if number is None else Decimal(str(number))

    before = spec.baseline if spec.baseline is not None else value(spec.go_live - span, min(spec.go_live, until))
    after = value(spec.go_live, until)
    done = reached(after, spec.target, direction=direction) if on >= spec.read_on else None
    return Reading(before, after, done)
