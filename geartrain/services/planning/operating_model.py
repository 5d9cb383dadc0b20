"""The operating model on one page: six questions, what answers each, and how far the goals are reached."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from geartrain.intelligence.goals import CorporateGoal, Goals
from geartrain.kernel.clock import BusinessCalendar, Cadence
from geartrain.kernel.issues import Issue
from geartrain.kernel.policy import Policy
from geartrain.kernel.prose import Passage, Told
from geartrain.planning.questions import FOUNDATIONS, QUESTIONS, Question
from geartrain.services.access import Actor, Permission, require
from geartrain.services.governance import acknowledgements
from geartrain.services.governance.reading import PUBLISHED, PolicyRow, list_policies
from geartrain.services.measures.metrics import query_metrics
from geartrain.services.policies import current_policies, lint_together
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions.published import naive

ANSWERED, UNAPPROVED, OPEN = "answered", "not published", "unanswered"


@dataclass(frozen=True, slots=True)
class Document:
    """A policy that answers something.

    Args:
        published: Whether it went through review; a file or what ships counts, and nobody approved it.
        reviewed: The day somebody last looked at it: it was approved then. None: never.
        acknowledged, asked: People; None where nothing is published.
    """

    kind: str
    key: str
    name: str
    version: int
    owner: str
    published: bool
    reviewed: date | None
    review_by: date | None
    acknowledged: int | None
    asked: int | None
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, how it stands, by which documents, and what is missing."""

    key: str
    title: str
    asks: str
    state: str
    documents: tuple[Document, ...]
    missing: str


@dataclass(frozen=True, slots=True)
class GoalStands:
    """A goal in the period that holds the last day of the records; values are None where nothing is wanted or read."""

    key: str
    name: str
    owner: str
    metric: str
    parent: str | None
    period: str
    wanted: Decimal | None
    reached: Any
    elapsed: float | None

    @property
    def attainment(self) -> Any:
        """Reached over wanted; None where either is not there."""
        if not self.wanted or self.reached is None:
            return None
        return self.reached / self.wanted


@dataclass(frozen=True, slots=True)
class OperatingModel:
    """The page.

    Args:
        goals: Empty for people who do not see the whole company.
        issues: What does not fit together among the documents.
    """

    questions: tuple[Answered, ...]
    foundations: tuple[Document, ...]
    goals: tuple[GoalStands, ...]
    issues: tuple[Issue, ...]

    @property
    def answered(self) -> int:
        """How many questions are answered by what was published."""
        return sum(q.state == ANSWERED for q in self.questions)

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the route answer with."""
        return {
            "answered": self.answered,
            "questions": [
                {**asdict(q), "documents": [_document(d) for d in q.documents]} for q in self.questions
            ],
            "foundations": [_document(d) for d in self.foundations],
            "goals": [{**asdict(g), "attainment": g.attainment} for g in self.goals],
            "issues": [i.as_json() for i in self.issues],
        }  # fmt: skip


def operating_model(ws: Workspace, actor: Actor) -> OperatingModel:
    """How the company sells, as its policies say it now."""
    require(actor, Permission.view_policies)
    policies = current_policies(ws)
    rows = {(r.kind, r.key): r for r in list_policies(ws, actor)}
    kinds = {k for q in QUESTIONS for k in q.kinds} | {*FOUNDATIONS}
    documents = {
        (kind, key): _told(ws, actor, policy, rows[kind, key])
        for kind in sorted(kinds)
        for key, policy in policies.of(kind).items()
    }
    questions = tuple(_answer(q, documents, policies.policies) for q in QUESTIONS)
    foundations = tuple(d for (kind, _), d in documents.items() if kind in FOUNDATIONS)
    goals = _goals(ws, actor) if actor.sees_everyone and actor.may(Permission.view_metrics) else ()
    return OperatingModel(questions, foundations, goals, tuple(lint_together(policies)))


def coming_up(ws: Workspace, actor: Actor, *, days: int = 92) -> list[tuple[Any, Policy]]:
    """The meetings of the next days that one attends, first first; those who see everyone see all of them."""
    require(actor, Permission.view_policies)
    from datetime import timedelta

    policies, today = current_policies(ws), ws.calendar.day_of(ws.now())
    calendars = policies.of("business_calendar")
    found = []
    for policy in policies.of("cadence").values():
        spec = policy.spec
        if not isinstance(spec, Cadence) or not (actor.sees_everyone or actor.roles & frozenset(spec.attendees)):
            continue
        named = calendars.get(spec.calendar or "default")
        business = named.spec if named else BusinessCalendar(zone=ws.calendar.zone)
        assert isinstance(business, BusinessCalendar)
        times = spec.occurrences(today, today + timedelta(days=days), fiscal=ws.calendar, business=business)
        found += [(time, policy) for time in times]
    return sorted(found, key=lambda pair: (pair[0].starts, pair[1].key))


def _answer(question: Question, documents: dict[Any, Document], policies: Any) -> Answered:
    found = tuple(d for (k, key), d in documents.items() if k in question.kinds and question.fits(policies[k, key]))
    missing = [k for k in question.kinds if not any(d.kind == k for d in found)]
    if missing:
        state, said = OPEN, question.missing
    elif loose := [d for d in found if not d.published]:
        state = UNAPPROVED
        said = f"Nobody approved {', '.join(d.name for d in loose[:3])} yet: propose and publish what is written."
    else:
        state, said = ANSWERED, ""
    return Answered(question.key, question.title, question.asks, state, found, said)


def _told(ws: Workspace, actor: Actor, policy: Policy, row: PolicyRow) -> Document:
    published = row.source == PUBLISHED
    said = acknowledgements(ws, actor, kind=policy.kind, key=policy.key) if published else None
    told = policy.spec.tell() if isinstance(policy.spec, Told) else ()
    return Document(
        kind=policy.kind,
        key=policy.key,
        name=policy.name,
        version=row.version,
        owner=str(policy.envelope.owner),
        published=published,
        reviewed=_reviewed(ws, row) if published else None,
        review_by=row.review_by,
        acknowledged=said.done if said else None,
        asked=said.asked if said else None,
        passages=tuple(told),
    )


def _reviewed(ws: Workspace, row: PolicyRow) -> date | None:
    from geartrain.stores.decisions.models import PolicyVersion

    at = PolicyVersion.objects.get(kind=row.kind, key=row.key, version=row.version).approved_at
    return ws.calendar.day_of(naive(at)) if at else None


def _goals(ws: Workspace, actor: Actor) -> tuple[GoalStands, ...]:
    found = [
        g
        for p in current_policies(ws).of("corporate_goals").values()
        if isinstance(p.spec, Goals)
        for g in p.spec.goals
    ]
    today = last_day(ws, actor) if any(g.values for g in found) else None
    return tuple(_stands(ws, actor, goal, today) for goal in found)


def _stands(ws: Workspace, actor: Actor, goal: CorporateGoal, today: date | None) -> GoalStands:
    named = dict(zip(goal.values, goal.by_period(ws.calendar), strict=True))
    period = next((k for k, v in named.items() if today is not None and v.start <= today < v.end), None)
    said = (goal.key, goal.name, goal.owner, goal.metric, goal.parent)
    if period is None or today is None:
        return GoalStands(*said, "", None, None, None)
    value = named[period]
    answer = query_metrics(ws, actor, keys=[goal.metric], since=value.start, until=value.end, as_of=today)
    reached = answer.rows[0][0] if answer.rows else None
    elapsed = ((today - value.start).days + 1) / (value.end - value.start).days
    return GoalStands(*said, period, value.amount, reached, elapsed)


def _document(document: Document) -> dict[str, Any]:
    return {**asdict(document), "passages": [p.as_json() for p in document.passages]}
