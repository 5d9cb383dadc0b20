"""The data-quality rules of a company, as a policy."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geartrain.kernel.issues import Level
from geartrain.kernel.rules import Rule, parse


class Dimension(StrEnum):
    """What a rule says about the data."""

    completeness = "completeness"
    validity = "validity"
    uniqueness = "uniqueness"
    consistency = "consistency"
    timeliness = "timeliness"


class QualityRule(BaseModel):
    """One rule: of the records it applies to, those for which `check` is true pass.

    Expressions see the columns of the record type, those of records it refers to (`owner.is_active`), and `as_of`,
    the day of the reading. Where `check` is unknown the
    record does not pass: a completeness rule says `is not null`, a validity rule applies only where there is a value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: str
    field: str
    dimension: Dimension
    check: str
    applies_when: str = "true"
    severity: Level = Level.warning
    weight: Decimal = Field(default=Decimal(1), gt=0)
    message: str = Field(description="one sentence; {count} and {applicable} are filled in")
    hint: str = ""

    def rules(self) -> tuple[Rule, Rule]:
        """The parsed pair (applies_when, check)."""
        return parse(self.applies_when, where=f"{self.key}.applies_when"), parse(self.check, where=f"{self.key}.check")

    @model_validator(mode="after")
    def _parses(self) -> QualityRule:
        self.rules()
        return self


class Ruleset(BaseModel):
    """The `spec` of a data_quality policy.

    `weights` say how much each dimension counts in the overall score; a dimension that nothing assesses is left out
    of both sides and listed. `aliases` map a wrong reference to the right id, per record type referred to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: dict[Dimension, Decimal]
    placeholders: tuple[str, ...] = ()
    aliases: dict[str, dict[str, str]] = {}
    rules: tuple[QualityRule, ...]

    @model_validator(mode="after")
    def _unique_keys(self) -> Ruleset:
        keys = [rule.key for rule in self.rules]
        if twice := sorted({k for k in keys if keys.count(k) > 1}):
            raise ValueError(f"two rules have the key {twice[0]}")
        return self
