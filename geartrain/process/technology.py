"""The tools sales works with: are they used, do they overlap, do they pay, and when must somebody decide about them.

Telemetry and opinion are never averaged, and a benefit without evidence says so.
Source: the process specification, 3.6; the thirteen categories are our own and configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import combinations
from typing import Any

from pydantic import Field, field_validator, model_validator

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Strict
from geartrain.kernel.rules import Rule
from geartrain.process.approval import ratio
from geartrain.process.contracts import notice_by
from geartrain.process.expressions import evaluated, read_rule
from geartrain.process.sales_process import SalesProcess

CATEGORIES = (
    "CRM/SFA",
    "marketing automation & ABM",
    "sales engagement",
    "data, enrichment & intent",
    "routing & scheduling",
    "conversation intelligence",
    "forecasting & pipeline",
    "CPQ & pricing",
    "CLM & e-signature",
    "enablement/LMS/coaching",
    "planning & incentive compensation",
    "customer success & support",
    "integration, data quality & BI",
)
CONTAINED = Decimal("0.8")
REVIEW_AHEAD = timedelta(days=90)


class BenefitKind(StrEnum):
    """What a benefit consists of."""

    hours_saved = "hours_saved"
    cost_displaced = "cost_displaced"
    attributed_margin = "attributed_margin"


class Benefit(Strict):
    """What a tool gives a year: hours saved x weeks x rate x realisation for each user, or an amount."""

    kind: BenefitKind
    users: int | None = Field(default=None, ge=0, description="empty: those active in the last week")
    hours_per_week: Decimal | None = Field(default=None, ge=0)
    weeks: Decimal = Field(default=Decimal(46), ge=0, le=53)
    rate: Decimal | None = Field(default=None, ge=0, description="cost of an hour")
    realisation: Decimal = Field(default=Decimal("0.5"), ge=0, le=1)
    amount: Decimal | None = None
    low: Decimal | None = Field(default=None, description="the range the evidence leaves")
    high: Decimal | None = None
    evidence: str = Field(default="", description="empty: no evidence")

    @model_validator(mode="after")
    def _complete(self) -> Benefit:
        if self.kind is BenefitKind.hours_saved and (self.hours_per_week is None or self.rate is None):
            raise ValueError("hours_saved needs hours_per_week and rate")
        if self.kind is not BenefitKind.hours_saved and self.amount is None:
            raise ValueError(f"{self.kind} needs an amount")
        return self

    def value(self, active: int) -> Decimal:
        """A year's worth, to the hundredth of a cent.

        Example: 49 users, 1.5 hours, 46 weeks, 60 an hour, half of it realised: 101,430.
        """
        if self.kind is not BenefitKind.hours_saved:
            return self.amount or Decimal(0)
        users = active if self.users is None else self.users
        worth = users * (self.hours_per_week or 0) * self.weeks * (self.rate or 0) * self.realisation
        return Decimal(worth).quantize(Decimal("0.0001"))


class Seat(Strict):
    """Somebody who has a licence."""

    user: str = Field(min_length=1)
    since: date | None = Field(default=None, description="for the first 30 days nobody expects them to use it")


class Survey(Strict):
    """What users said, beside the telemetry."""

    asked_on: date
    answers: int = Field(ge=0)
    scores: dict[str, Decimal] = Field(description="question to mean answer, 1 to 5")


class Tool(Strict):
    """One tool of the register."""

    name: str = Field(min_length=1)
    category: str
    capabilities: tuple[str, ...] = ()
    business_owner: str = ""
    technical_owner: str = ""
    provisioner: str = ""
    purchased: int | None = Field(default=None, ge=0)
    assigned: tuple[Seat, ...] = ()
    assigned_when: str = Field(
        default="", description="rule over the columns of a user: who has a licence besides those listed"
    )
    unit_cost: Decimal | None = Field(default=None, ge=0, description="a year; empty: annual cost / purchased")
    annual_cost: Decimal | None = Field(default=None, ge=0)
    term_end: date | None = None
    notice_days: int | None = Field(default=None, ge=0)
    auto_renew: bool | None = None
    integrates_with: tuple[str, ...] = ()
    data_class: str = ""
    supports: tuple[str, ...] = Field(default=(), description="stages and attributes of the sales process")
    core_features: tuple[str, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    survey: Survey | None = None
    reviewed_on: date | None = None
    outcome: str = Field(default="", pattern=r"^(|keep|grow|shrink|replace|retire)$")

    @field_validator("assigned", mode="before")
    @classmethod
    def _names_alone(cls, given: Any) -> Any:
        return [{"user": s} if isinstance(s, str) else s for s in given] if isinstance(given, list | tuple) else given

    @model_validator(mode="after")
    def _readable(self) -> Tool:
        _ = self.rule
        return self

    @cached_property
    def rule(self) -> Rule | None:
        """Who has a licence, where a rule says so."""
        return read_rule(self.assigned_when, f"{self.name}.assigned_when") if self.assigned_when else None

    def seated(self, users: Iterable[Mapping[str, Any]]) -> Tool:
        """The tool with the seats that its rule gives out: to active users, from their first day; a list comes first.

        Args:
            users: Columns of each user: user_id, is_active, start_date and those the rule asks for.
        """
        if self.rule is None:
            return self
        listed = {s.user for s in self.assigned}
        given = [
            Seat(user=str(u["user_id"]), since=u.get("start_date"))
            for u in users
            if u.get("is_active") and u["user_id"] not in listed and evaluated(self.rule, u)[0] is True
        ]
        return self.model_copy(update={"assigned": (*self.assigned, *given)})

    @property
    def notice(self) -> date | None:
        """Last day to give notice; None where the contract has none."""
        return notice_by(self.term_end, self.notice_days) if self.term_end and self.notice_days is not None else None

    @property
    def review_opens(self) -> date | None:
        """The earlier of 90 days before notice and a year after the last review; None where there is neither."""
        yearly = self.reviewed_on + timedelta(days=365) if self.reviewed_on else None
        known = [d for d in (self.notice - REVIEW_AHEAD if self.notice else None, yearly) if d]
        return min(known, default=None)


class TechnologyRegister(Strict):
    """The `spec` of a technology_register."""

    categories: tuple[str, ...] = CATEGORIES
    grace_days: int = Field(default=30, ge=0)
    review_days: int = Field(default=30, ge=1, le=365, description="how long a review of a tool may take")
    tools: tuple[Tool, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> TechnologyRegister:
        names = [t.name for t in self.tools]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"two tools are called {twice[0]}")
        for tool in self.tools:
            if tool.category not in self.categories:
                raise ValueError(
                    f"{tool.name} is of the category '{tool.category}', which is not among the {len(self.categories)}"
                )
        return self


@dataclass(frozen=True, slots=True)
class Use:
    """Somebody used a tool."""

    user: str
    at: datetime
    feature: str | None = None


@dataclass(frozen=True)
class Assessed:
    """One tool as its use and its contract tell; a ratio with nothing below it is None.

    Args:
        adoption: Weekly active among assigned, those in their grace left out on both sides.
        utilisation: Assigned / purchased.
        effective: Weekly active / purchased.
        depth: Core features used in the last 28 days / core features.
        stickiness: Weekly active / active in 28 days.
        reclaimable: Licences nobody uses: assigned and inactive outside grace, and never assigned, x unit cost.
        benefit, roi: None where no benefit is stated; `evidence` says on what it rests.
        review_opens: 90 days before notice is due; a year after the last review where there is no notice.
    """

    name: str
    category: str
    purchased: int | None
    assigned: int
    in_grace: int
    active: int
    adoption: Decimal | None
    utilisation: Decimal | None
    effective: Decimal | None
    depth: Decimal | None
    stickiness: Decimal | None
    reclaimable: Decimal | None
    annual_cost: Decimal | None
    benefit: Decimal | None
    roi: Decimal | None
    evidence: str
    notice_by: date | None
    review_opens: date | None
    review_due: bool

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def assess_tool(register: TechnologyRegister, tool: Tool, uses: Iterable[Use], *, at: datetime) -> Assessed:
    """One tool at an instant; use within the last 7 days counts as weekly active.

    Example: 100 bought, 80 assigned of which 10 in grace, 49 active of which 7 in grace, 120,000 a year: adoption
        42/70, utilisation 0.8, effective 0.49, reclaimable 57,600.
    Source: the process specification, 3.6, worked case 10.
    """
    day = (at - timedelta(microseconds=1)).date()
    uses = [u for u in uses if u.at < at]
    week = {u.user for u in uses if u.at >= at - timedelta(days=7)}
    month = {u.user for u in uses if u.at >= at - timedelta(days=28)}
    features = {u.feature for u in uses if u.at >= at - timedelta(days=28)}
    seats = {s.user: s for s in tool.assigned if s.since is None or s.since <= day}
    grace = {u for u, s in seats.items() if s.since and (day - s.since).days < register.grace_days}
    settled = set(seats) - grace
    active = week & set(seats)
    unit = tool.unit_cost
    if unit is None and tool.annual_cost is not None and tool.purchased:
        unit = ratio(tool.annual_cost, Decimal(tool.purchased))
    idle = len(settled - active) + max(0, (tool.purchased or 0) - len(seats))
    benefit = sum((b.value(len(active)) for b in tool.benefits), Decimal(0)) if tool.benefits else None
    opens = tool.review_opens
    return Assessed(
        tool.name,
        tool.category,
        tool.purchased,
        len(seats),
        len(grace),
        len(active),
        adoption=_share(len(active - grace), len(settled)),
        utilisation=_share(len(seats), tool.purchased),
        effective=_share(len(active), tool.purchased),
        depth=_share(len(features & set(tool.core_features)), len(tool.core_features)),
        stickiness=_share(len(week), len(month)),
        reclaimable=None if unit is None else (idle * unit).quantize(Decimal("0.0001")),
        annual_cost=tool.annual_cost,
        benefit=benefit,
        roi=_roi(benefit, tool.annual_cost),
        evidence="; ".join(b.evidence or "no evidence" for b in tool.benefits) or "no evidence",
        notice_by=tool.notice,
        review_opens=opens,
        review_due=opens is not None and opens <= day and not (tool.reviewed_on and tool.reviewed_on >= opens),
    )


def _share(part: int, whole: int | None) -> Decimal | None:
    return ratio(Decimal(part), Decimal(whole)) if whole else None


def _roi(benefit: Decimal | None, cost: Decimal | None) -> Decimal | None:
    return None if benefit is None or not cost else ratio(benefit - cost, cost)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two tools that do the same.

    Args:
        containment: Of the smaller in the other.
        flagged: Contained to four fifths, and both used by some of the same people, or by people nobody has listed.
    """

    one: str
    other: str
    jaccard: Decimal
    containment: Decimal
    shared: tuple[str, ...]
    flagged: str | None


def overlaps(tools: Sequence[Tool]) -> list[Overlap]:
    """Every pair of tools that share a capability, most contained first.

    Example: A four capabilities, C two of them: containment 1, C is flagged.
    """
    found = []
    for a, b in combinations(tools, 2):
        one, other = set(a.capabilities), set(b.capabilities)
        if not (both := one & other):
            continue
        smaller = min((a, b), key=lambda t: (len(set(t.capabilities)), t.name))
        contained = ratio(Decimal(len(both)), Decimal(len(set(smaller.capabilities))))
        users = [{s.user for s in t.assigned} for t in (a, b)]
        common = not all(users) or bool(users[0] & users[1])
        flagged = smaller.name if contained >= CONTAINED and common else None
        jaccard = ratio(Decimal(len(both)), Decimal(len(one | other)))
        found.append(Overlap(a.name, b.name, jaccard, contained, tuple(sorted(both)), flagged))
    return sorted(found, key=lambda o: (-o.containment, -o.jaccard, o.one, o.other))


def anchoring(register: TechnologyRegister, process: SalesProcess, where: str) -> list[Issue]:
    """Tools that support no step of the process, and steps that need a tool and have none."""
    steps = {s.key for s in process.spine} | {a.key for a in process.attributes}
    found = []
    for tool in register.tools:
        if not steps & set(tool.supports):
            said = f"{tool.name} supports no step of the sales process."
            found.append(
                Issue("tool_unanchored", Level.warning, said, where, "Name the step under `supports`, or retire it.")
            )
        for strange in sorted(set(tool.supports) - steps):
            said = f"{tool.name} supports '{strange}', which is no stage and no attribute of the sales process."
            found.append(
                Issue("tool_step_unknown", Level.warning, said, where, f"There are {', '.join(sorted(steps))}.")
            )
    bound = {s for t in register.tools for s in t.supports}
    for stage in process.spine:
        if stage.needs_tool and stage.key not in bound:
            said = f"The stage {stage.key} needs a tool, and none supports it."
            found.append(Issue("step_uncovered", Level.warning, said, where, "Name it under a tool's `supports`."))
    return found


def changed_steps(before: SalesProcess, after: SalesProcess) -> set[str]:
    """Stages and attributes that differ between two versions, a stage also where what it asks for does."""

    def steps(process: SalesProcess) -> dict[str, Any]:
        attributes: dict[str, Any] = {a.key: a for a in process.attributes}
        stages: Mapping[str, Any] = {
            s.key: (s, [(b, attributes.get(b.attribute)) for b in process.bindings if b.stage == s.key])
            for s in process.spine
        }
        return {**attributes, **stages}

    old, new = steps(before), steps(after)
    return {key for key in {*old, *new} if old.get(key) != new.get(key)}


def to_review(register: TechnologyRegister, before: SalesProcess, after: SalesProcess) -> dict[str, list[str]]:
    """Tools that a new version of the process calls for a look at, each with the changed steps it is bound to."""
    changed = changed_steps(before, after)
    found = {t.name: sorted(changed & set(t.supports)) for t in register.tools}
    return {name: steps for name, steps in found.items() if steps}
