"""What one function hands to another and what each owes the other: the policy.

Source: the process specification, 3.11.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property

from pydantic import Field, model_validator

from geartrain.kernel.clock import BusinessCalendar, Term
from geartrain.kernel.policy import Strict
from geartrain.kernel.rules import Rule
from geartrain.process.expressions import read_rule


class Handoff(Strict):
    """One handoff. Every `…_at` is an expression over the subject, a column mostly; empty: it is not recorded."""

    key: str = Field(min_length=1)
    giver: str = Field(alias="from", min_length=1)
    taker: str = Field(alias="to", min_length=1)
    subject: str = Field(default="lead", description="record type")
    when: str = "true"
    offered_at: str
    accepted_at: str = ""
    rejected_at: str = ""
    reason: str = ""
    first_action_at: str = ""
    reached_at: str = Field(default="", description="what the handoff is for, e.g. converted_at: its yield")
    accept_within: Term | None = None
    act_within: Term | None = Field(default=None, description="from the offer: accepting and acting")
    complete: tuple[str, ...] = Field(default=(), description="rules that a complete handoff passes")

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Its expressions by name."""
        told = {
            "when": self.when, "offered": self.offered_at, "accepted": self.accepted_at, "rejected": self.rejected_at,
            "reason": self.reason, "acted": self.first_action_at, "reached": self.reached_at,
        } | {f"complete{n}": text for n, text in enumerate(self.complete)}  # fmt: skip
        return {k: read_rule(v, f"{self.key}.{k}") for k, v in told.items() if v}

    @model_validator(mode="after")
    def _parses(self) -> Handoff:
        _ = self.rules
        return self


class Owed(Strict):
    """What marketing owes in a week of one grade."""

    grade: str
    count: Decimal = Field(ge=0)
    value: Decimal | None = Field(default=None, ge=0)


class Marketing(Strict):
    """What marketing owes, on one of the handoffs."""

    handoff: str
    grade: str = Field(default="", description="expression over the subject; `score`: by the lead policy's score")
    value: str = ""
    weekly: tuple[Owed, ...] = ()


class Sales(Strict):
    """What sales owes on it: the handoff's terms, and so many attempts."""

    handoff: str
    attempts: int = Field(default=0, ge=0)
    within_days: int = Field(default=10, ge=1)
    counts: str = "function = 'sales' and coalesce(inbound, false) = false"

    @cached_property
    def rule(self) -> Rule:
        """Which touches are attempts."""
        return read_rule(self.counts, "sla.sales.counts")


class BothSides(Strict):
    """The two-sided SLA."""

    marketing: Marketing | None = None
    sales: Sales | None = None


class Step(Strict):
    """One step of the funnel and when a record reached it."""

    key: str
    at: str


class Cohorts(Strict):
    """The funnel by the month of entry."""

    subject: str = "lead"
    entered_at: str = "mql_at"
    steps: tuple[Step, ...] = ()
    matures_after_days: int = Field(default=90, ge=1)

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Its expressions by name."""
        told = {"entered": self.entered_at} | {s.key: s.at for s in self.steps}
        return {k: read_rule(v, f"funnel.{k}") for k, v in told.items()}


class AlignmentPolicy(Strict):
    """The `spec` of an alignment policy."""

    calendar: BusinessCalendar = Field(default=BusinessCalendar(), description="hours; the zone is the taker's")
    handoffs: tuple[Handoff, ...] = Field(min_length=1)
    sla: BothSides = BothSides()
    funnel: Cohorts = Cohorts()

    @model_validator(mode="after")
    def _known(self) -> AlignmentPolicy:
        keys = [h.key for h in self.handoffs]
        if twice := [k for k in keys if keys.count(k) > 1]:
            raise ValueError(f"two handoffs have the key {twice[0]}")
        for side in (self.sla.marketing, self.sla.sales):
            if side is not None and side.handoff not in keys:
                raise ValueError(f"the SLA names the handoff '{side.handoff}'; there are {', '.join(keys)}")
        _ = self.funnel.rules, self.sla.sales and self.sla.sales.rule
        return self
