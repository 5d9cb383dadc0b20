"""The field registry: who answers for a field, where it is kept, who may write it, and when it must be filled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import Field, field_validator

from geartrain.intelligence.quality.ruleset import Dimension, QualityRule, Ruleset
from geartrain.kernel.policy import Strict
from geartrain.kernel.rules import parse


class Sensitivity(StrEnum):
    """How carefully a field is to be handled."""

    public = "public"
    internal = "internal"
    confidential = "confidential"
    personal = "personal"


class RegisteredField(Strict):
    """One field of a record type."""

    field: str = Field(pattern=r"^[a-z_]+\.[a-z_][a-z0-9_.]*$", description="as type.column")
    steward: str = Field(min_length=1, description="role or person who answers for it")
    system_of_record: str = Field(min_length=1, description="the source whose value counts")
    writers: tuple[str, ...] = Field(default=(), description="roles and systems that may write it; empty: its system")
    definition: str = Field(min_length=1)
    sensitivity: Sensitivity = Sensitivity.internal
    required_when: str = Field(default="", description="rule over the record; empty: never required")

    @field_validator("required_when")
    @classmethod
    def _reads(cls, text: str) -> str:
        if text:
            parse(text, where="required_when")
        return text

    @property
    def type(self) -> str:
        """The record type."""
        return self.field.partition(".")[0]

    @property
    def column(self) -> str:
        """The column of it."""
        return self.field.partition(".")[2]


class FieldRegistry(Strict):
    """The `spec` of a field_registry."""

    stale_after_days: int = Field(default=2, ge=1, le=366, description="without a load a source counts as stale")
    fields: tuple[RegisteredField, ...] = ()

    @field_validator("fields")
    @classmethod
    def _once(cls, fields: tuple[RegisteredField, ...]) -> tuple[RegisteredField, ...]:
        names = [f.field for f in fields]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"{twice[0]} is registered twice")
        return fields

    def as_rules(self, ruleset: Ruleset) -> Ruleset:
        """What must be filled, as completeness rules that see the same placeholders as the rules of the company."""
        rules = tuple(
            QualityRule(
                key=f"required_{f.type}_{f.column}".replace(".", "_").lower(), type=f.type, field=f.column,
                dimension=Dimension.completeness, applies_when=f.required_when, check=f"{f.column} is not null",
                message="{count} of {applicable} have no " + f.column.replace("_", " ") + ".",
            )
            for f in self.fields if f.required_when
        )  # fmt: skip
        return ruleset.model_copy(update={"rules": rules})


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a source was last loaded; `days` from then to the day of the reading."""

    source: str
    last: date
    days: int
    stale: bool


def freshness(loads: Iterable[tuple[str, date]], *, on: date, stale_after: int) -> list[Freshness]:
    """Each source by its last load, the stalest first.

    Example: loaded on 1 May, read on 4 May: 3 days, stale after 2.
    """
    last: dict[str, date] = {}
    for source, day in loads:
        last[source] = max(day, last.get(source, day))
    found = [Freshness(s, day, (on - day).days, (on - day).days > stale_after) for s, day in last.items()]
    return sorted(found, key=lambda f: (-f.days, f.source))


def duplicate_rate(records: int, groups: Iterable[int]) -> Decimal | None:
    """(records - clusters) / records, of groups of records that are one; None where there is no record.

    Example: 100 records with one group of 3 and one of 2: 97 clusters, 0.03.
    """
    return Decimal(sum(n - 1 for n in groups)) / records if records else None


def by_steward(counts: Mapping[str, int], fields: Iterable[RegisteredField]) -> list[tuple[str, int]]:
    """Records found wrong by who answers for the field, most first; fields nobody answers for under an empty name."""
    stewards = {f.field: f.steward for f in fields}
    sums: dict[str, int] = {}
    for name, count in counts.items():
        sums[stewards.get(name, "")] = sums.get(stewards.get(name, ""), 0) + count
    return sorted(sums.items(), key=lambda s: (-s[1], s[0]))
