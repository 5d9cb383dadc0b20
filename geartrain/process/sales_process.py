"""The one sales process of a company: a spine of stages, and what has to be true before a deal leaves each of them.

Regions and units vary attributes, never the process: a binding with `when` is the nuance, a second process is not.
Source: the process specification, 2.1; spine, gate, earned stage and inflation are our own definitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import Field, field_validator, model_validator

from geartrain.kernel.policy import Strict
from geartrain.kernel.policy.policy import closest
from geartrain.kernel.rules import Rule
from geartrain.process.expressions import read_rule

ANY = "*"
MOST_STAGES = 60  # a deal's visits are kept as bits of one integer


class StageKind(StrEnum):
    """What a deal in the stage is."""

    open = "open"
    won = "won"
    lost = "lost"


class AttributeKind(StrEnum):
    """What an attribute speaks of."""

    knowledge_inflection = "knowledge_inflection"
    observable_outcome = "observable_outcome"
    buyer_activity = "buyer_activity"
    seller_activity = "seller_activity"
    sales_asset = "sales_asset"
    data_field = "data_field"
    approval = "approval"


class Verifier(StrEnum):
    """How it is known: a rule over the record, or evidence that somebody or something recorded."""

    rule = "rule"
    attestation = "attestation"
    document = "document"
    event = "event"


class Need(StrEnum):
    """Whether a gate waits for it."""

    required = "required"
    recommended = "recommended"


class Mode(StrEnum):
    """What a miss leads to, from a note to a refusal."""

    observe = "observe"
    warn = "warn"
    waiver_needed = "waiver_needed"
    block = "block"


class Deviation(StrEnum):
    """How a deal may leave the process. The first four are of a move, the others of the deal."""

    regress = "regress"
    skip = "skip"
    unmet_exit = "unmet_exit"
    late_evidence = "late_evidence"
    dwell = "dwell"
    close_date_push = "close_date_push"
    amount_reduced = "amount_reduced"
    won_without_quote = "won_without_quote"
    owner_changed = "owner_changed"
    approval_restarted = "approval_restarted"


OF_A_MOVE = (Deviation.regress, Deviation.skip, Deviation.unmet_exit, Deviation.late_evidence)


class Stage(Strict):
    """One step of the spine."""

    key: str = Field(min_length=1)
    name: str = Field(default="", description="what people call it; empty: its key")
    buyer_stage: str = Field(default="", description="where the buyer is in it")
    order: int | None = Field(default=None, description="rising along the spine; empty: as listed")
    kind: StageKind = StageKind.open
    needs_tool: bool = Field(default=False, description="a tool of the technology register has to support it")


class OpportunityType(Strict):
    """The stages that deals of a type go through, a subset of the spine in its order."""

    key: str = Field(min_length=1)
    stages: tuple[str, ...] = Field(min_length=1)


class Pipeline(Strict):
    """How the stages of one CRM pipeline map onto the spine; those called as the spine has them need no row."""

    name: str = Field(min_length=1)
    when: str = Field(default="true", description="rule over the opportunity that says it is in this pipeline")
    stages: dict[str, str] = Field(description="the CRM's stage to the key of the spine's")


class Attribute(Strict):
    """Something that can be assessed of a deal."""

    key: str = Field(min_length=1)
    kind: AttributeKind
    label: str = Field(min_length=1)
    verifier: Verifier = Verifier.rule
    expr: str = Field(default="", description="rule over the opportunity and what it refers to")
    evidence_source: str = ""
    steward: str = ""

    @model_validator(mode="after")
    def _verifiable(self) -> Attribute:
        if self.verifier is Verifier.rule and not self.expr:
            raise ValueError(f"attribute {self.key} is verified by a rule and has none; give `expr`")
        _ = self.rule
        return self

    @cached_property
    def rule(self) -> Rule | None:
        """Its expression, if it has one."""
        return read_rule(self.expr, f"{self.key}.expr") if self.expr else None


class Binding(Strict):
    """Where an attribute is asked for: before deals of a type leave a stage."""

    opportunity_type: str = Field(default=ANY, description="`*`: of every type")
    stage: str
    attribute: str
    level: Need = Need.required
    when: str = Field(default="true", description="rule that says for which deals; the regional nuance")
    mode: Mode = Mode.observe

    @cached_property
    def rule(self) -> Rule:
        """For which deals it is asked."""
        return read_rule(self.when, f"{self.stage}/{self.attribute}.when")

    @model_validator(mode="after")
    def _parses(self) -> Binding:
        _ = self.rule
        return self

    def of(self, opportunity_type: str | None) -> bool:
        """Whether it is asked of deals of a type."""
        return self.opportunity_type in (ANY, opportunity_type)


class Accepted(Strict):
    """A deviation that is known and let be until a day."""

    opportunity: str
    kind: Deviation
    stage: str | None = Field(default=None, description="stage the deal left or dwelt in; empty: any")
    reason: str = Field(min_length=1)
    by: str = Field(min_length=1)
    expires: date = Field(description="first day on which it counts again")


class Conformance(Strict):
    """What is looked for in the history."""

    checks: tuple[Deviation, ...] = tuple(Deviation)
    dwell_quantile: Decimal = Field(default=Decimal("0.75"), gt=0, lt=1, description="of won deals of the type")
    dwell_minimum_won: int = Field(default=1, ge=1, description="fewer won deals than that: dwell is not assessed")
    pushes: int = Field(default=3, ge=1, description="moves of the close date to a later fiscal month")
    owner_changes: int = Field(default=3, ge=1)


class SalesProcess(Strict):
    """The `spec` of a sales_process policy."""

    spine: tuple[Stage, ...] = Field(min_length=2, max_length=MOST_STAGES)
    opportunity_types: tuple[OpportunityType, ...] = Field(
        default=(), description="a type that is not listed goes through all"
    )
    pipelines: tuple[Pipeline, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    bindings: tuple[Binding, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    conformance: Conformance = Conformance()

    @field_validator("opportunity_types", mode="before")
    @classmethod
    def _types_as_mapping(cls, given: Any) -> Any:
        return [{"key": k, "stages": v} for k, v in given.items()] if isinstance(given, dict) else given

    @field_validator("pipelines", mode="before")
    @classmethod
    def _pipelines_as_mapping(cls, given: Any) -> Any:
        return [{"name": k, "stages": v} for k, v in given.items()] if isinstance(given, dict) else given

    @field_validator("spine", mode="after")
    @classmethod
    def _in_order(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        ordered = [s.order for s in stages if s.order is not None]
        if ordered and len(ordered) < len(stages):
            raise ValueError("give every stage an `order`, or none")
        if twice := _twice(ordered):
            raise ValueError(f"two stages have the order {twice}")
        if twice := _twice(s.key for s in stages):
            raise ValueError(f"two stages have the key {twice}")
        if not any(s.kind is StageKind.open for s in stages):
            raise ValueError("a process needs an open stage")
        return tuple(sorted(stages, key=lambda s: s.order or 0)) if ordered else stages

    @model_validator(mode="after")
    def _consistent(self) -> SalesProcess:
        stages, attributes = [s.key for s in self.spine], [a.key for a in self.attributes]
        for name, keys in (("attributes", attributes), ("opportunity types", [t.key for t in self.opportunity_types])):
            if twice := _twice(keys):
                raise ValueError(f"two {name} have the key {twice}")
        for kind in self.opportunity_types:
            _known(kind.stages, stages, f"opportunity type {kind.key} names the stage")
            if list(kind.stages) != [s for s in stages if s in kind.stages]:
                raise ValueError(f"the stages of type {kind.key} are not in the spine's order, or one is twice")
        for pipeline in self.pipelines:
            read_rule(pipeline.when, f"{pipeline.name}.when")
            _known(pipeline.stages.values(), stages, f"pipeline {pipeline.name} maps to the stage")
        types = [t.key for t in self.opportunity_types]
        for b in self.bindings:
            _known([b.stage], stages, f"the binding of {b.attribute} names the stage")
            _known([b.attribute], attributes, f"a binding of stage {b.stage} names the attribute")
            if types:
                _known([b.opportunity_type], [ANY, *types], f"the binding of {b.attribute} names the opportunity type")
            if self.stage(b.stage).kind is not StageKind.open:
                raise ValueError(
                    f"{b.attribute} is bound to {b.stage}, which is {self.stage(b.stage).kind}: no deal leaves it"
                )
        return self

    def stage(self, key: str) -> Stage:
        """The stage of a key."""
        return self._stages[key]

    def attribute(self, key: str) -> Attribute:
        """The attribute of a key."""
        return self._attributes[key]

    @cached_property
    def _stages(self) -> dict[str, Stage]:
        return {s.key: s for s in self.spine}

    @cached_property
    def _attributes(self) -> dict[str, Attribute]:
        return {a.key: a for a in self.attributes}

    @cached_property
    def rank(self) -> dict[str, int]:
        """Key of each stage to its place along the spine, from 0."""
        return {s.key: n for n, s in enumerate(self.spine)}

    def stages_of(self, opportunity_type: str | None) -> tuple[Stage, ...]:
        """The stages that deals of a type go through, in order; all of them for a type that is not listed."""
        found = next((t for t in self.opportunity_types if t.key == opportunity_type), None)
        return self.spine if found is None else tuple(self.stage(key) for key in found.stages)

    def open_stages(self, opportunity_type: str | None) -> tuple[Stage, ...]:
        """Those of them that a deal is open in: each has a gate."""
        return tuple(s for s in self.stages_of(opportunity_type) if s.kind is StageKind.open)

    def gate(self, stage: str, opportunity_type: str | None) -> tuple[Binding, ...]:
        """What is asked for before deals of a type leave a stage, whatever `when` says of the single deal."""
        return tuple(b for b in self.bindings if b.stage == stage and b.of(opportunity_type))

    def mapped(self) -> dict[str, str]:
        """Keys and names of the spine's stages to their keys: how a CRM may call them without a pipeline's table."""
        return {s.name: s.key for s in self.spine if s.name} | {s.key: s.key for s in self.spine}


def _known(given: Iterable[str], known: Sequence[str], said: str) -> None:
    for key in given:
        if key not in known:
            near = closest(key, known)
            raise ValueError(f"{said} '{key}', which is not there" + (f"; did you mean '{near}'?" if near else ""))


def _twice(keys: Iterable[Any]) -> Any:
    every = list(keys)
    return next((k for k in every if every.count(k) > 1), None)
