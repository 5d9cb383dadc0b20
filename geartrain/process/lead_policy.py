"""How leads are scored, routed and answered: one policy, so that what a lead is worth and who gets it move together.

Fit and engagement are never blended: the grade is a letter by fit and a digit by engagement.
Source: the process specification, 3.1; caps, half-life and weighted pools are our own definitions.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import Field, field_validator, model_validator

from geartrain.kernel.clock import BusinessCalendar, Term
from geartrain.kernel.policy import Strict
from geartrain.kernel.rules import Rule
from geartrain.process.expressions import read_rule


class Points(Strict):
    """So many points where a rule holds."""

    when: str
    points: Decimal
    key: str = ""

    @cached_property
    def rule(self) -> Rule:
        """When it is given."""
        return read_rule(self.when, f"{self.key or 'score'}.when")

    @model_validator(mode="after")
    def _parses(self) -> Points:
        _ = self.rule
        return self


class FitGroup(Strict):
    """Rules that speak of one thing; together they give at most `cap`."""

    key: str = Field(min_length=1)
    cap: Decimal = Field(gt=0)
    rules: tuple[Points, ...] = Field(min_length=1)


class Fit(Strict):
    """min(cap, sum over groups of min(the group's cap, sum of points)). Rules see the lead."""

    cap: Decimal = Field(default=Decimal(100), gt=0)
    groups: tuple[FitGroup, ...] = Field(min_length=1)


class Engagement(Strict):
    """Sum of points x 0.5^(age in days / half-life), at an instant. Rules see a touch."""

    half_life_days: Decimal = Field(gt=0)
    events: tuple[Points, ...] = Field(min_length=1)


class Grades(Strict):
    """From which score on a lead has a letter, and a digit; the highest bound that is reached."""

    fit: dict[str, Decimal] = Field(default={"A": Decimal(75), "B": Decimal(50), "C": Decimal(25), "D": Decimal(0)})
    engagement: dict[str, Decimal] = Field(
        default={"1": Decimal(50), "2": Decimal(20), "3": Decimal(5), "4": Decimal(0)}
    )

    @field_validator("engagement", mode="before")
    @classmethod
    def _digits_are_text(cls, given: Any) -> Any:
        return {str(k): v for k, v in given.items()} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _has_a_bottom(self) -> Grades:
        for name, bounds in (("fit", self.fit), ("engagement", self.engagement)):
            if not bounds or min(bounds.values()) > 0:
                raise ValueError(f"grades.{name} needs a grade from 0 on")
        return self


class Score(Strict):
    """The score model."""

    fit: Fit
    engagement: Engagement
    grades: Grades = Grades()
    mql: tuple[str, ...] = Field(default=(), description="cells that make a lead an MQL, e.g. A1")

    @model_validator(mode="after")
    def _cells(self) -> Score:
        cells = {f"{a}{b}" for a in self.grades.fit for b in self.grades.engagement}
        if strange := [c for c in self.mql if c not in cells]:
            raise ValueError(f"mql names the cell '{strange[0]}'; there are {', '.join(sorted(cells))}")
        return self


class Away(Strict):
    """Days on which somebody takes no leads."""

    start: date = Field(alias="from")
    until: date = Field(alias="to", description="the day after the last")


class Member(Strict):
    """Somebody who takes leads of a pool."""

    user: str = Field(min_length=1)
    weight: Decimal = Field(default=Decimal(1), gt=0)
    priority: int = Field(default=1, description="who comes first of equals; lower is first")
    cap: int | None = Field(default=None, ge=1, description="most leads a day")
    skills: tuple[str, ...] = ()
    away: tuple[Away, ...] = ()

    def is_away(self, day: date) -> bool:
        """Whether they take no leads on a day."""
        return any(a.start <= day < a.until for a in self.away)


class Pool(Strict):
    """People who take turns by weight."""

    key: str = Field(min_length=1)
    members: tuple[Member, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _once(self) -> Pool:
        users = [m.user for m in self.members]
        if twice := sorted({u for u in users if users.count(u) > 1}):
            raise ValueError(f"{twice[0]} is in the pool {self.key} twice")
        return self


class To(StrEnum):
    """Who a clause gives a lead to."""

    open_opportunity_owner = "open_opportunity_owner"
    account_owner = "account_owner"
    named_account = "named_account"
    territory = "territory"
    user = "user"
    pool = "pool"


class Clause(Strict):
    """One step of routing; the first that applies and finds somebody wins. Rules see the lead."""

    key: str = Field(min_length=1)
    to: To
    when: str = "true"
    user: str = ""
    pool: str = ""
    skill: str = Field(default="", description="what a member of the pool must have")

    @cached_property
    def rule(self) -> Rule:
        """When it applies."""
        return read_rule(self.when, f"{self.key}.when")

    @model_validator(mode="after")
    def _complete(self) -> Clause:
        _ = self.rule
        if self.to is To.user and not self.user:
            raise ValueError(f"the clause {self.key} goes to a user and names none")
        if self.to is To.pool and not self.pool:
            raise ValueError(f"the clause {self.key} goes to a pool and names none")
        return self


class Territory(Strict):
    """Leads of a place or kind, and who takes them: somebody, or a pool in turns."""

    key: str = Field(min_length=1)
    when: str = Field(description="rule over the lead, e.g. country in ('DE', 'AT')")
    user: str = ""
    pool: str = ""

    @cached_property
    def rule(self) -> Rule:
        """Which leads are in it."""
        return read_rule(self.when, f"{self.key}.when")

    @model_validator(mode="after")
    def _complete(self) -> Territory:
        _ = self.rule
        if bool(self.user) == bool(self.pool):
            raise ValueError(f"the territory {self.key} goes to a user or to a pool: name one of the two")
        return self


class Fallback(Strict):
    """Where a lead waits that nobody takes."""

    queue: str = Field(default="triage", min_length=1)
    sla: Term = Term(hours=Decimal(8))


class Routing(Strict):
    """Ordered clauses, and the pools and territories they name."""

    clauses: tuple[Clause, ...] = ()
    pools: tuple[Pool, ...] = ()
    territories: tuple[Territory, ...] = Field(default=(), description="ordered: a lead is in the first that fits")
    fallback: Fallback = Fallback()

    @model_validator(mode="after")
    def _known(self) -> Routing:
        pools = [p.key for p in self.pools]
        clauses, territories = [c.key for c in self.clauses], [t.key for t in self.territories]
        for keys, name in ((pools, "pools"), (clauses, "clauses"), (territories, "territories")):
            if twice := sorted({k for k in keys if keys.count(k) > 1}):
                raise ValueError(f"two {name} have the key {twice[0]}")
        for clause in self.clauses:
            if clause.to is To.pool and clause.pool not in pools:
                raise ValueError(
                    f"the clause {clause.key} names the pool '{clause.pool}'; there are {', '.join(pools)}"
                )
        return self

    @model_validator(mode="after")
    def _placed(self) -> Routing:
        pools = [p.key for p in self.pools]
        for place in self.territories:
            if place.pool and place.pool not in pools:
                there = ", ".join(pools) or "none"
                raise ValueError(f"the territory {place.key} names the pool '{place.pool}'; there are {there}")
        for clause in self.clauses:
            if clause.to is To.territory and not self.territories:
                raise ValueError(f"the clause {clause.key} goes by territory and `territories:` lists none")
        return self

    def pool(self, key: str) -> Pool:
        """The pool of a key."""
        return next(p for p in self.pools if p.key == key)

    def fills(self, clause: Clause, pool: str) -> bool:
        """Whether a clause may give a lead to this pool."""
        if clause.to is To.territory:
            return any(t.pool == pool for t in self.territories)
        return clause.to is To.pool and clause.pool == pool


class Sla(Strict):
    """How soon somebody of ours must have been in touch, in the owner's business time."""

    first_touch: Term = Term(hours=Decimal(1))
    calendar: BusinessCalendar = Field(default=BusinessCalendar(), description="hours; the zone is the owner's")
    human_touch: str = Field(
        default="function = 'sales' and kind in ('call', 'email', 'meeting') and coalesce(inbound, false) = false",
        description="rule over a touch: which count; auto-replies and status edits do not",
    )

    @cached_property
    def rule(self) -> Rule:
        """Which touches count."""
        return read_rule(self.human_touch, "sla.human_touch")

    @model_validator(mode="after")
    def _parses(self) -> Sla:
        _ = self.rule
        return self


class Match(Strict):
    """One pass of the search for duplicates: who agrees in all these columns is one, with this score."""

    on: tuple[str, ...] = Field(min_length=1)
    score: Decimal = Field(gt=0, le=1)


class Survive(StrEnum):
    """Which value is kept when records are merged."""

    source_rank = "source_rank"
    newest_non_null = "newest_non_null"
    longest = "longest"
    max = "max"


class Dedupe(Strict):
    """How duplicates are found; a merge is proposed, never made unasked."""

    passes: tuple[Match, ...] = (
        Match(on=("email",), score=Decimal("0.98")),
        Match(on=("name", "domain"), score=Decimal("0.9")),
        Match(on=("phone",), score=Decimal("0.8")),
    )
    auto: Decimal = Decimal("0.95")
    review: Decimal = Decimal("0.75")
    survive: dict[str, Survive] = {}
    sources: tuple[str, ...] = Field(default=(), description="best source first, for `source_rank`")
    steward: str = "revops"


class LeadPolicy(Strict):
    """The `spec` of a lead_policy."""

    score: Score | None = None
    routing: Routing = Routing()
    sla: Sla = Sla()
    dedupe: Dedupe = Dedupe()
